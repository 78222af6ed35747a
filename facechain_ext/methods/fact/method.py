"""FACT as a method: a serial face block in each transformer block of SD1.5 or SDXL (arXiv 2410.12312)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.methods.fact.files import PUBLISHED, adapter_files, has_adapter
from facechain_ext.methods.fact.presets import NAME, SETTINGS, TRAINED_FOR
from facechain_ext.methods.fact.sites import unfit_family_reason
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.methods.setting import Setting
from facechain_ext.weights import find

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facechain_ext.identity import Identity
    from facechain_ext.methods.fact.prepared import PreparedFact
    from facechain_ext.methods.protocol import HostModel, ModelFamily, PersonInPicture

_ENCODER = "transface"
"""The manifest's key of the face encoder."""


class FactMethod:
    """The serial face adapter of FaceChain-FACT."""

    name = NAME
    trained_for = TRAINED_FOR
    settings = (Setting("adapter", "Adapter", "FaceChain adapter", AUTOMATIC, "The face adapter's file."), *SETTINGS)

    def has_files(self, family: ModelFamily) -> bool:
        """Whether an adapter for models of ``family`` is there."""
        return has_adapter(family)

    def missing_weights(self) -> tuple[str, ...]:
        """The encoder's and the first published adapter's key, where the file is missing."""
        missing = [_ENCODER] if find(_ENCODER) is None else []
        return (*missing, *(() if adapter_files() else PUBLISHED[:1]))

    def unavailable_reason(self, family: ModelFamily) -> str:
        """The blocks act in the U-Nets of SD1.5 and SDXL."""
        return unfit_family_reason(family)

    def unusable_reason(self, identity: Identity) -> str:
        """Every identity has the encoder's tokens."""
        del identity
        return ""

    def prepare(
        self, people: Sequence[PersonInPicture], settings: Mapping[str, object], model: HostModel
    ) -> PreparedFact:
        """Read the adapter and project everybody's tokens; ``adapter`` may be a loaded one instead of a name."""
        from facechain_ext.methods.fact.prepared import prepare_fact  # a webui's start needs the settings alone

        return prepare_fact(people, settings, model)
