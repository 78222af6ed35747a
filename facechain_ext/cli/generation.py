"""Generating with a progress bar in the terminal, and saving each picture as soon as it is certain to be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from facechain_ext.cli.step_progress import step_progress
from facechain_ext.hosts.diffusers.interrupts import interrupt_requests
from facechain_ext.hosts.diffusers.output import save_portraits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from facechain_ext.hosts.diffusers.host import DiffusersHost
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.finishing import PortraitFinisher
    from facechain_ext.recipes.host import Host
    from facechain_ext.recipes.job import Job, Portrait

console = Console()


def generate_and_save(
    host: DiffusersHost,
    job: Job,
    out: Path,
    keep: int | None,
    scorer: LikenessScorer | None,
    *,
    early: bool = False,
    finisher: PortraitFinisher | None = None,
) -> bool:
    """Make and save the pictures, each as soon as it is certain to be kept; whether nobody stopped it."""
    from facechain_ext.recipes.style import make

    arrived: list[Portrait] = []
    said = {note for person in job.people for note in person.identity.notes}

    def save(portrait: Portrait) -> None:
        for path in save_portraits([portrait], out):
            console.print(str(path), markup=False, highlight=False, soft_wrap=True)
        for note in portrait.notes:
            if note not in said:
                console.print(note, style="yellow", markup=False)
                said.add(note)

    with interrupt_requests() as interrupted:
        try:
            with step_progress(console, interrupted) as progress:
                if keep is None and finisher is None:
                    host.generate(job, progress=progress, ready=save)
                    return not interrupted()
                result = make(
                    _Listener(host, arrived.append), job, keep=keep, early=early, scorer=scorer, finisher=finisher,
                    progress=progress,
                )  # fmt: skip
        except BaseException:
            for portrait in arrived:  # nobody chooses among them any more: what is finished is kept
                save(portrait)
            raise
        for note in result.notes:
            console.print(note, style="yellow", markup=False)
        if scorer is not None:
            likenesses = "; ".join(str(one.likeness or "no face") for one in result.pictures)
            console.print("Likeness:", likenesses, markup=False)
        for one in result.pictures:
            save(one.portrait)
        return not interrupted()


class _Listener:
    """A host that hands on every picture as soon as it is finished."""

    def __init__(self, host: Host, listen: Callable[[Portrait], None]) -> None:
        self._host, self._listen = host, listen
        self.name = host.name

    def generate(
        self,
        job: Job,
        *,
        progress: Callable[[int, int], bool] | None = None,
        ready: Callable[[Portrait], None] | None = None,
    ) -> Sequence[Portrait]:
        """As the host does."""

        def both(portrait: Portrait) -> None:
            self._listen(portrait)
            if ready is not None:
                ready(portrait)

        return self._host.generate(job, progress=progress, ready=both)
