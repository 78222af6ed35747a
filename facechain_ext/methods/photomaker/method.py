"""PhotoMaker as a method: a stacked ID embedding in the prompt of an SDXL model (arXiv 2312.04461)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.methods.photomaker.files import PUBLISHED, photomaker_files
from facechain_ext.methods.photomaker.settings import NAME, SETTINGS, unavailable_reason, unusable_reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from facechain_ext.identity import Identity
    from facechain_ext.methods.photomaker.prepared import PreparedPhotoMaker
    from facechain_ext.methods.protocol import HostModel, ModelFamily, PersonInPicture


class PhotoMakerMethod:
    """PhotoMaker, versions 1 and 2."""

    name = NAME
    trained_for: tuple[ModelFamily, ...] = ("SDXL",)
    settings = SETTINGS

    def has_files(self, family: ModelFamily) -> bool:
        """Whether any PhotoMaker file is there."""
        return family == "SDXL" and bool(photomaker_files())

    def missing_weights(self) -> tuple[str, ...]:
        """The published file's key, where no file is there."""
        return () if photomaker_files() else PUBLISHED[:1]

    def unavailable_reason(self, family: ModelFamily) -> str:
        """PhotoMaker's published weights are for SDXL."""
        return unavailable_reason(family)

    def unusable_reason(self, identity: Identity) -> str:
        """PhotoMaker needs the head and shoulders of every photo, which cards of earlier versions lack."""
        return unusable_reason(identity)

    def prepare(
        self, people: Sequence[PersonInPicture], settings: Mapping[str, object], model: HostModel
    ) -> PreparedPhotoMaker:
        """Read the file and encode the first person's photos; ``photomaker`` may be a loaded one instead of a name."""
        from facechain_ext.methods.photomaker.prepared import prepare_photomaker

        return prepare_photomaker(people, settings, model)
