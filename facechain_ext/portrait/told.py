"""What a picture's settings tell of the people in it: names and hashes, never an embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from facechain_ext.portrait.arguments import IDENTITY_LABEL, FaceArguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.identity import Identity
    from facechain_ext.portrait.job import Person


def label_of(identity: Identity) -> str:
    """Name and short hash, as the infotext has them."""
    return f"{identity.name} ({identity.digest})" if identity.name else identity.digest


def told_of(people: Sequence[Person], adapter: str, *, hires: bool) -> dict[str, Any]:
    """Infotext label -> value for people whom ``adapter`` puts in, in the hires pass too or not."""
    first = people[0]
    settings = FaceArguments(adapter=adapter, strength=first.strength, window=first.window, hires=hires)
    return {IDENTITY_LABEL: "; ".join(label_of(person.identity) for person in people)} | settings.infotext()
