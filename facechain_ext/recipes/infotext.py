"""What a picture's settings tell of the people in it: names and hashes, never an embedding."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.recipes.arguments import IDENTITY_LABEL, FaceArguments
from facechain_ext.recipes.portrait_settings import PREFIX
from facechain_ext.text_values import format_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facechain_ext.identity import Identity
    from facechain_ext.methods.setting import InfotextValue
    from facechain_ext.recipes.job import Person

_IDENTITY = re.compile(r"(?:(?P<bare>[0-9a-f]{8})|(?P<name>.+?) \((?P<hash>[0-9a-f]{8})\))(?:;\s*|$)")
"""One of several identities; a name may hold semicolons and brackets, only a hash before the next ends it."""


@dataclass(frozen=True)
class Speedup:
    """A switch that saves time and changes the picture: its name, its words on the settings page, its label."""

    name: str
    label: str
    infotext: str


SPEEDUPS = (
    Speedup("automatic_region", "Compute the face only where it acts", f"{PREFIX} only where it acts"),
    Speedup("every_second_step", "Compute the face in every second step", f"{PREFIX} every second step"),
    Speedup("conditional_only", "Leave the face out of the negative prompt", f"{PREFIX} not in negative prompt"),
)
"""All of them; a picture's settings name those that were on."""


def identity_label(identity: Identity) -> str:
    """Name and short hash, as the infotext has them."""
    return f"{identity.name} ({identity.digest})" if identity.name else identity.digest


def format_identities(identities: Sequence[Identity]) -> str:
    """Names and short hashes of everybody in a picture, the first person first."""
    return "; ".join(identity_label(one) for one in identities)


def parse_identities(written: Mapping[str, object]) -> list[tuple[str, str]]:
    """Name and short hash of everybody whom a picture's settings name, in order; a person of photos has no name."""
    text = str(written.get(IDENTITY_LABEL, "")).strip()[:4000]
    return [(one["name"] or "", one["hash"] or one["bare"]) for one in _IDENTITY.finditer(text)]


def quote_infotext_value(value: object) -> str:
    """A value as the webui writes it behind its label: texts that hold its separators become JSON."""
    text = format_number(value) if isinstance(value, float) else str(value)
    return json.dumps(text, ensure_ascii=False) if any(sign in text for sign in ',:\n"') else text


def people_infotext(
    people: Sequence[Person], method_settings: Mapping[str, object], *, hires: bool, method: str = AUTOMATIC
) -> dict[str, InfotextValue]:
    """Infotext label -> value for people whom ``method`` with these settings puts in, in the hires pass too or not."""
    first = people[0]
    settings = FaceArguments.of(
        method_settings, strength=first.strength, window=first.window, hires=hires, method=method
    )
    identities: dict[str, InfotextValue] = {IDENTITY_LABEL: format_identities([person.identity for person in people])}
    return identities | settings.infotext(method_settings)


def prompt_of(infotext: str) -> str:
    """The prompt of a picture's settings text: what stands before the negative prompt or the line of settings."""
    words = "\n".join(infotext.strip().split("\n")[:-1])
    return words.partition("Negative prompt:")[0].strip()
