"""How the tab hands people to the script: on the generation that they belong to, so that no two can be mixed up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facechain_ext.portrait.arguments import IDENTITY_LABEL, FaceArguments
from facechain_ext.webui import models
from facechain_ext.webui.run import FaceRun
from facechain_ext.webui.unets import loaded_unet

if TYPE_CHECKING:
    from facechain_ext.identity import Identity
    from facechain_ext.portrait.job import Person

TAB_REQUEST = "_facechain_tab_request"
"""The attribute of a generation that holds its TabRequest."""


@dataclass(frozen=True)
class TabRequest:
    """The people of one generation (none: a picture without a face), the adapter's name, and hires."""

    people: tuple[Person, ...]
    adapter: str
    hires: bool

    def run(self, p: Any) -> FaceRun | None:
        """What puts them into ``p``; raises FaceChainError when it cannot be done."""
        if not self.people:
            return None
        name = models.chosen_adapter(self.adapter)
        adapter = models.load(name, loaded_unet(p).dtype())
        first = self.people[0]
        p.extra_generation_params[IDENTITY_LABEL] = label_of(first.identity)
        told = FaceArguments(adapter=name, strength=first.strength, window=first.window, hires=self.hires)
        p.extra_generation_params.update(told.infotext())
        return FaceRun(self.people, adapter, hires=self.hires)


def label_of(identity: Identity) -> str:
    """Name and short hash, as the infotext has them."""
    return f"{identity.name} ({identity.digest})" if identity.name else identity.digest
