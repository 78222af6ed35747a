"""The face adapters of this machine, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import WeightsError
from facechain_ext.methods.named_files import AUTOMATIC, NamedFiles
from facechain_ext.weights.header import model_facts
from facechain_ext.weights.model_type import SDXL_FACE_ADAPTER

if TYPE_CHECKING:
    from pathlib import Path

    from facechain_ext.methods.protocol import ModelFamily

ADAPTER_FOLDER = "adapters"
"""Where users put adapters of their own, below the models folder."""
PUBLISHED = ("adapter-majic", "adapter-film")
"""Keys in the manifest of the published adapters; the first is what "auto" means."""
_FILES = NamedFiles(
    PUBLISHED, ADAPTER_FOLDER, frozenset({".safetensors", ".ckpt", ".pt"}), noun="adapter", prefix="adapter-"
)


def adapter_files() -> dict[str, Path]:
    """Name -> file of every adapter: the published ones that are there, then those of the adapters folder."""
    return _FILES.files()


def adapter_names() -> list[str]:
    """What an adapter's drop-down holds."""
    return _FILES.choices()


def adapter_family(path: Path) -> ModelFamily:
    """The kind of model that an adapter's file is for: SD1.5 unless its header has the sites of SDXL."""
    facts = model_facts(path)
    return "SDXL" if facts is not None and facts.kind == SDXL_FACE_ADAPTER else "SD1.5"


def has_adapter(family: ModelFamily) -> bool:
    """Whether an adapter for ``family`` is there."""
    return any(adapter_family(path) == family for path in adapter_files().values())


def chosen_adapter(name: str, family: ModelFamily) -> str:
    """The adapter that ``name`` means for a model of ``family``; raises WeightsError where there is none.

    An adapter for another family is only given where it was asked for.
    """
    if name == AUTOMATIC and family == "SDXL" and not has_adapter(family):
        raise WeightsError(
            "There is no face adapter for SDXL, and none has been published. Let PhotoMaker put the person in, or "
            "train an adapter as docs/developing/adapter-training.md says."
        )
    return _FILES.choose(name, lambda path: adapter_family(path) == family)
