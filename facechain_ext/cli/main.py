"""The command line: one command a module, errors in one line."""

from __future__ import annotations

import io
import logging
import sys
from typing import Annotated

import typer

from facechain_ext import __version__
from facechain_ext.cli import (
    batch,
    bench,
    demo,
    detail,
    doctor,
    garment,
    identity,
    label,
    laboratory,
    likeness,
    portrait,
    redraw,
    serve,
    styles,
    talk,
    template,
    train,
    video,
    weights,
)
from facechain_ext.cli.options import FiniteCommand
from facechain_ext.errors import FaceChainError

app = typer.Typer(
    help="Portraits of a real person from one photo, with Stable Diffusion 1.5 and a face adapter.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("portrait", cls=FiniteCommand)(portrait.portrait)
app.command("template", cls=FiniteCommand)(template.template)
app.command("detail", cls=FiniteCommand)(detail.detail)
app.command("talk", cls=FiniteCommand)(talk.talk)
app.command("redraw", cls=FiniteCommand)(redraw.redraw)
app.command("garment", cls=FiniteCommand)(garment.garment)
app.command("video", cls=FiniteCommand)(video.video)
app.command("batch", cls=FiniteCommand)(batch.batch)
app.command("label")(label.label)
app.command("serve")(serve.serve)
app.add_typer(identity.app, name="identity")
app.add_typer(styles.app, name="styles")
app.add_typer(weights.app, name="weights")
app.add_typer(train.app, name="train")
train.app.command("world", context_settings=laboratory.PASS_ON)(laboratory.train_world)
app.command("evaluate", context_settings=laboratory.PASS_ON)(laboratory.evaluate)
app.command("likeness")(likeness.likeness)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)
app.command("bench")(bench.bench)


def _version(*, show_version: bool) -> None:
    if show_version:
        typer.echo(f"facechain {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show what happens, and where an error comes from.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    del version
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


def run() -> None:
    """Run the command that the program was called with."""
    debug = "--debug" in sys.argv
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a path may hold signs that this console cannot show
            stream.reconfigure(errors="replace")
    try:
        app()
    except FaceChainError as error:
        if debug:
            raise
        sys.exit(" ".join(str(error).split()))
    except OSError as error:
        if debug:
            raise
        what = f" ({error.filename})" if error.filename else ""
        sys.exit(f"{error.strerror or error}{what}. Check the path and the free space, and try again.")
    except KeyboardInterrupt:
        sys.exit(130)
