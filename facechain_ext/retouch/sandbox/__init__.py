"""A sandbox for networks that come as Python code in a model repository: they run only after consent, in a process."""

from __future__ import annotations

from facechain_ext.faces.types import Availability
from facechain_ext.next_steps import next_steps


def availability(ability: str, key: str, detail: str) -> Availability:
    """Whether the repository of the manifest entry ``key`` can run here: package, files, consent."""
    return Availability(ability, "modelscope", not (step := remedy(key)), detail, step)


def remedy(key: str) -> str:
    """The step that would let the repository of the manifest entry ``key`` run here, "" when it can run."""
    from facechain_ext.next_steps import is_installed
    from facechain_ext.retouch.sandbox import consent
    from facechain_ext.weights import find
    from facechain_ext.weights.store import how_to_get

    if not is_installed("modelscope"):
        return next_steps().install("modelscope")
    if find(key) is None:
        return how_to_get(key)
    return consent.remedy(key)
