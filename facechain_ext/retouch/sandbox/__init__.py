"""Networks that come as Python in a model repository: run only after consent, in a process of their own."""

from __future__ import annotations

from facechain_ext.faces.types import Availability
from facechain_ext.next_steps import next_steps


def availability(ability: str, key: str, detail: str) -> Availability:
    """Whether the repository ``key`` of the manifest can do its work here: package, files, consent."""
    return Availability(ability, "modelscope", not (step := remedy(key)), detail, step)


def remedy(key: str) -> str:
    """What keeps the repository ``key`` from running, as the step that would change it; "" when nothing does."""
    from facechain_ext.next_steps import is_installed
    from facechain_ext.retouch.sandbox import consent
    from facechain_ext.weights import find
    from facechain_ext.weights.store import how_to_get

    if not is_installed("modelscope"):
        return next_steps().install("modelscope")
    if find(key) is None:
        return how_to_get(key)
    return consent.remedy(key)
