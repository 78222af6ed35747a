"""The section "FaceChain" of the host's settings page."""

from __future__ import annotations

SECTION = ("facechain", "FaceChain")
AUTOMATIC_REGION = "facechain_automatic_region"


def automatic_region() -> bool:
    """Whether the face is computed only where it acts."""
    from modules import shared

    return bool(getattr(shared.opts, AUTOMATIC_REGION, False))


def add() -> None:
    """Add our options."""
    from modules import shared
    from modules.options import OptionInfo

    shared.opts.add_option(
        AUTOMATIC_REGION,
        OptionInfo(
            default=False,
            label="Compute the face only where it acts",
            section=SECTION,
        ).info("faster; the picture differs a little from the exact one"),
    )
