"""Commands that live in the laboratory beside the package: they run there, in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import typer

_ROOT = Path(__file__).resolve().parents[2]

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Context settings of a command whose arguments and options another program reads."""


def evaluate(context: typer.Context) -> None:
    """Measure identity, words and change on rendered people: ``python -m research evaluate``."""
    _run("evaluate", context.args)


def train_world(context: typer.Context) -> None:
    """Train the tiny models that ship: ``python -m research train-world``."""
    _run("train-world", context.args)


def models_page(context: typer.Context) -> None:
    """Write the page about all models, docs/using/models.md, from the manifest: ``python -m research models-page``."""
    _run("models-page", context.args)


def _run(command: str, arguments: list[str]) -> None:
    """Hand over to ``python -m research``; ends with its exit code.

    Raises typer.BadParameter where the package was installed without the repository that holds it.
    """
    if not (_ROOT / "research").is_dir():
        raise typer.BadParameter(
            f"{command} is a command of the repository's laboratory. Clone the repository and run it there."
        )
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    program = [sys.executable, "-m", "research", command, *arguments]
    done = subprocess.run(program, env={**os.environ, "PYTHONPATH": path}, check=False)  # noqa: S603 - our own program
    if done.returncode:
        raise typer.Exit(done.returncode)
