"""facechain video: a person in a moving picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from facechain_ext.cli.step_progress import step_progress
from facechain_ext.cli.talk import ask_consent
from facechain_ext.hosts.diffusers.interrupts import interrupt_requests
from facechain_ext.hosts.diffusers.output import check_new_file
from facechain_ext.identity.consent import MOVING_CONSENT

console = Console()


def video(
    *,
    photo: Annotated[Path, typer.Option(help="A photo of the person.")],
    template: Annotated[Path, typer.Option(help="The clip in which a face becomes this person's.")],
    out: Annotated[Path, typer.Option(help="The file to write: .mp4, or .gif or .webp without sound.")],
    face: Annotated[
        int | None, typer.Option(help="Number of the face in the first frame, from the left; the largest if not given.")
    ] = None,
    strength: Annotated[float, typer.Option(min=0, max=1, help="Opacity of the new face.")] = 1.0,
    photo_expression: Annotated[
        bool, typer.Option("--photo-expression", help="Mouth and eyelids stay as in the photo.")
    ] = False,
    template_complexion: Annotated[
        bool, typer.Option("--template-complexion", help="The clip's colour of skin, not the photo's.")
    ] = False,
    mark: Annotated[bool, typer.Option("--mark/--no-mark", help="Draw the visible mark.")] = True,
    consent: Annotated[bool, typer.Option("--consent", help=f"{MOVING_CONSENT}.")] = False,
) -> None:
    """Put a person into a clip: the chosen face is followed and replaced in every frame, all else stays as it is."""
    from facechain_ext.faces import read_picture
    from facechain_ext.labels import read_packet
    from facechain_ext.recipes.clip.recipe import ClipSettings, make_clip

    ask_consent(given=consent)
    check_new_file(out)
    settings = ClipSettings(face, strength, not photo_expression, template_complexion, mark)
    packets = [packet for packet in (read_packet(file.read_bytes()) for file in (photo, template)) if packet]
    with interrupt_requests() as interrupted, step_progress(console, interrupted) as progress:
        notes = make_clip(template, read_picture(photo).pixels, out, settings, inherited=packets, progress=progress)
    for note in notes:
        console.print(note, style="yellow", markup=False)
    console.print(str(out), markup=False, highlight=False, soft_wrap=True)
