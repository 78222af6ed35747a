"""The look at a picture while it is sampled, after which it is gone on with or given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.errors import GivenUp

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image
    from torch import Tensor

    from facechain_ext.recipes.job import EarlyLook

    CleanObserver = Callable[[float, Callable[[], Tensor]], None]
    """Gets the fraction of the steps that is done, and a function that gives the latents without noise."""


def ignore_clean(_fraction: float, _clean: Callable[[], Tensor]) -> None:
    """Look at nothing."""


def look_at(look: EarlyLook | None, decode: Callable[[Tensor], Image.Image]) -> CleanObserver:
    """An observer for one picture that looks once, by ``look``; it raises GivenUp for a picture that is given up."""
    if look is None:
        return ignore_clean
    chosen, seen = look, False

    def observe(fraction: float, clean: Callable[[], Tensor]) -> None:
        nonlocal seen
        if seen or fraction < chosen.at or fraction >= 1.0:
            return
        seen = True
        if not chosen.goes_on(decode(clean())):
            raise GivenUp("A picture was given up early.")

    return observe
