"""python -m research tiny-sdxl: files of SDXL's layout, random and small, for tests in hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def tiny_sdxl(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the checkpoint and the PhotoMaker file.")],
    seed: Annotated[int, typer.Option(help="The same seed makes the same files.", min=0)] = 0,
    webui: Annotated[Path | None, typer.Option(help="A webui's folder, to put them into its models.")] = None,
) -> None:
    """Make a random checkpoint of SDXL's topology and a PhotoMaker file that fits it, for tests in hosts.

    Pictures made with them show nothing: the files are there to see that everything loads and acts.
    """
    from research.tiny_sdxl import install_into, make_tiny_sdxl

    files = make_tiny_sdxl(out, seed=seed)
    written = [files.checkpoint, files.photomaker]
    if webui is not None:
        written += install_into(webui, files)
    for path in written:
        typer.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)" if path.is_file() else path)
