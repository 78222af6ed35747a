"""facechain label: show and write the labels of picture files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from facechain_ext.errors import FaceChainError, InputError
from facechain_ext.labels.label import Label
from facechain_ext.labels.settings import CORNERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.labels.label import SourceType
    from facechain_ext.labels.settings import Corner

console = Console()
_KINDS: dict[str, SourceType] = {
    "made": "trainedAlgorithmicMedia",
    "partly": "compositeWithTrainedAlgorithmicMedia",
    "joined": "compositeCapture",
    "corrected": "algorithmicallyEnhanced",
}
"""Words for --add -> IPTC's terms."""


def label(
    *,
    files: Annotated[list[Path], typer.Argument(help="PNG, JPEG, WebP, AVIF, GIF or mp4 files.")],
    add: Annotated[
        str,
        typer.Option(
            help="Write a label: made (by a model), partly (parts of it), joined (photos joined without a model), "
            "corrected (without a model)."
        ),
    ] = "",
    producer: Annotated[str, typer.Option(help="The producer named in China's AIGC label.")] = "",
    corner: Annotated[str, typer.Option(help=f"Draw a visible label too: {', '.join(CORNERS)}.")] = "off",
    text: Annotated[str, typer.Option(help="The text of the visible label.")] = "AI",
    certificate: Annotated[
        Path | None, typer.Option(help="Sign with C2PA: your certificate chain, PEM. Sign last: changes break it.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="The private key of the certificate, PEM.")] = None,
    algorithm: Annotated[str, typer.Option(help="es256, es384, es512, ps256, ps384, ps512 or ed25519.")] = "es256",
    time_server: Annotated[
        str, typer.Option(help="Address of a time-stamp service; without it nothing goes over the network.")
    ] = "",
) -> None:
    """Show what the labels of pictures say; with --add write them, with --certificate sign them.

    Pixels stay as they are unless a visible label is drawn. A picture that fails is named, and the rest goes on.
    """
    if add and add not in _KINDS:
        raise typer.BadParameter(f"--add takes {', '.join(_KINDS)}; not “{add}”.")
    place: Corner | None = next((one for one in CORNERS if one == corner), None)
    if place is None:
        raise typer.BadParameter(f"--corner takes {', '.join(CORNERS)}; not “{corner}”.")
    if (certificate is None) != (key is None):
        raise typer.BadParameter("Signing takes both --certificate and --key.")
    changes: list[Callable[[bytes], bytes]] = []
    if place != "off":
        visible: Corner = place
        changes.append(lambda content: _draw(content, text, visible))
    if add:
        changes.append(lambda content: _add(content, _KINDS[add], producer))
    if certificate is not None and key is not None:
        try:
            chain, secret = _read(certificate), _read(key)
        except OSError as error:
            raise InputError(f"{error.filename} cannot be read ({error.strerror}). Check the path.") from error
        changes.append(lambda content: _sign(content, chain, secret, algorithm, time_server))
    handled = [_handle(Path(file), changes) for file in files]
    if not all(handled):
        raise typer.Exit(1)


def _handle(file: Path, changes: list[Callable[[bytes], bytes]]) -> bool:
    """Whether a file could be changed and read; prints what its label says, or the reason."""
    try:
        _change(file, changes)
    except (FaceChainError, OSError) as error:
        console.print(f"{file}: {error}", style="red", markup=False, soft_wrap=True)
        return False
    return True


def _change(file: Path, changes: list[Callable[[bytes], bytes]]) -> None:
    """Change a file, all at once or not at all, and print what its label says."""
    from facechain_ext.labels import describe, read_packet
    from facechain_ext.labels.c2pa_signing import read_manifest
    from facechain_ext.storage.atomic_write import atomic_write

    content = _read(file)
    for change in changes:
        content = change(content)
    if changes:
        with atomic_write(file) as part:
            part.write_bytes(content)
    packet = read_packet(content)
    facts = describe(packet) if packet else {}
    manifest = read_manifest(content)
    if manifest is not None:
        facts["c2pa"] = f"signed, {manifest.get('validation_state', 'not validated')}"
    console.print(str(file), markup=False, highlight=False, soft_wrap=True)
    for name, value in (facts or {"no label": ""}).items():
        console.print(f"  {name}: {value}" if value else f"  {name}", markup=False, highlight=False, soft_wrap=True)


def _read(file: Path) -> bytes:
    """The content of a file; raises InputError for a pipe or a device, which would be waited for, and OSError."""
    from facechain_ext.storage.paths import special_file

    special = special_file(file)
    if special:
        raise InputError(f"{file} is {special}, not a file.")
    return file.read_bytes()


def _add(content: bytes, kind: SourceType, producer: str) -> bytes:
    from facechain_ext.labels import labelled_packet, read_packet, write_packet

    earlier = read_packet(content)
    packet = labelled_packet(Label(kind, producer=producer), [earlier] if earlier else [], existing=earlier or None)
    return write_packet(content, packet)


def _sign(content: bytes, chain: bytes, secret: bytes, algorithm: str, time_server: str) -> bytes:
    from facechain_ext.labels import describe, read_packet
    from facechain_ext.labels.c2pa_signing import sign

    packet = read_packet(content)
    if not packet or "source_type" not in describe(packet):
        raise InputError("The picture has no label to sign yet; write one with --add.")
    return sign(content, packet, chain, secret, algorithm=algorithm, time_server=time_server)


def _draw(content: bytes, text: str, corner: Corner) -> bytes:
    """A PNG with the visible label; other formats would lose pixels by being written again."""
    import io

    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    from facechain_ext.labels.visible import draw_label

    try:
        with Image.open(io.BytesIO(content)) as opened:
            opened.load()
            picture, kind = opened.copy(), opened.format
    except (OSError, ValueError, SyntaxError) as error:
        raise InputError("This is no picture that can be read.") from error
    if kind != "PNG":
        raise InputError(f"A visible label is drawn into PNG files; writing this {kind} again would lose quality.")
    texts = PngInfo()
    for name, value in picture.info.items():
        if isinstance(name, str) and isinstance(value, str):
            texts.add_text(name, value)
    kept = {name: picture.info[name] for name in ("icc_profile", "exif", "dpi") if picture.info.get(name)}
    file = io.BytesIO()
    draw_label(picture, text, corner).save(file, "PNG", pnginfo=texts, **kept)
    return file.getvalue()
