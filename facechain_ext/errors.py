"""What can go wrong, each with a message that names the offending thing and the next step."""

from __future__ import annotations


class FaceChainError(Exception):
    """Base of every error that this package raises on purpose; its text is meant for the user as it stands."""


class InputError(FaceChainError):
    """A value, a name or a setting that a caller gave cannot be used."""


class PhotoError(FaceChainError):
    """A picture, or the face in it, cannot be used."""


class WeightsError(FaceChainError):
    """A file does not hold the weights or the card that it should."""


class HostError(FaceChainError):
    """The host (webui, Forge, diffusers) cannot do what is asked with what it has loaded."""


class Cancelled(FaceChainError):  # noqa: N818 - it is no fault: somebody asked for it
    """The work was stopped by whoever asked for it; what is finished is kept."""
