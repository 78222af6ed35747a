"""The components that actions read and fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facechain_ext.page.host import PageHost


@dataclass(frozen=True)
class Parts:
    """``who`` by name, ``form`` in the order of FIELDS; ``shown`` holds one browser's result."""

    host: PageHost
    who: dict[str, Any]
    form: list[Any]
    pose: Any
    status: Any
    preview: Any
    results: Any
    before: Any
    infotext: Any
    shown: Any

    @property
    def person(self) -> list[Any]:
        """What Who.of takes."""
        names = ("photos", "face", "card", "second", "mix")
        return [*(self.who[name] for name in names), *self.who["weights"]]
