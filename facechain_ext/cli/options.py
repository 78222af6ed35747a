"""What all commands ask of their options."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand

from facechain_ext.errors import InputError
from facechain_ext.identity.likeness_scale import JUDGES, read_judge
from facechain_ext.recipes.job import Lora
from facechain_ext.text_values import read_float

if TYPE_CHECKING:
    from facechain_ext.methods.setting import Setting

N = TypeVar("N", int, float)


def limits(setting: Setting) -> dict[str, Any]:
    """``min`` and ``max`` of the option that sets ``setting``, in the kind of its default."""
    kind = type(setting.default)
    return {"min": kind(setting.low), "max": kind(setting.high)}


class FiniteCommand(TyperCommand):
    """A command that takes no number that is not finite: "nan" is inside of every range."""

    def invoke(self, ctx: Any) -> object:
        """Run the command; raises BadParameter for a number that is not finite."""
        for name, value in ctx.params.items():
            for one in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(one, float) and not math.isfinite(one):
                    raise typer.BadParameter(f"--{name.replace('_', '-')} is {one}; give a finite number.")
        return super().invoke(ctx)


def check_demands(*demands: tuple[bool, str]) -> None:
    """Raise BadParameter for the first demand that is not met."""
    for met, text in demands:
        if not met:
            raise typer.BadParameter(text)


def parse_judge(text: str) -> str:
    """A name of who scores likeness; raises BadParameter for another."""
    try:
        return read_judge(text)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None


Judge = Annotated[
    str,
    typer.Option(
        "--judge", parser=parse_judge, metavar="NAME",
        help=f"Who scores likeness: {', '.join(JUDGES)}. auto takes the best that is here.",
    ),
]  # fmt: skip
"""The option of commands that rank pictures."""


def parse_pair(text: str, sign: str, option: str, kind: type[N]) -> tuple[N, N]:
    """Two numbers with ``sign`` between; raises BadParameter that names ``option`` for anything else."""
    match = re.fullmatch(rf"\s*([0-9.]{{1,12}})\s*{sign}\s*([0-9.]{{1,12}})\s*", text, re.IGNORECASE)
    refusal = typer.BadParameter(f"{option} takes two numbers with {sign} between, not “{text}”.")
    if match is None:
        raise refusal
    try:
        return kind(match[1]), kind(match[2])
    except ValueError:
        raise refusal from None


def parse_lora(text: str) -> Lora:
    """``file`` or ``file:weight``; a drive letter's colon is no weight."""
    file, colon, weight = text.rpartition(":")
    if not colon or not weight.strip() or not set(weight) <= set("0123456789.+-eE "):
        return Lora(Path(text))
    if os.path.isfile(text):  # noqa: PTH113 - a file may be called so; a name too long is none, not an error
        return Lora(Path(text))
    try:
        return Lora(Path(file), read_float(weight))
    except ValueError:
        raise typer.BadParameter(f"--lora takes a file, or file:weight with a number, not “{text}”.") from None
