"""The domain exceptions; each message names what is at fault and the next step, and is shown to the user as it is."""

from __future__ import annotations


class FaceChainError(Exception):
    """Base of every error that this package raises for users.

    ``details`` is a longer text for whoever looks into it, such as the log of a foreign program; mostly empty.
    """

    details: str = ""


class InputError(FaceChainError):
    """A value, a name or a setting that a caller gave cannot be used."""


class PhotoError(FaceChainError):
    """A picture, or the face in it, cannot be used."""


class WeightsError(FaceChainError):
    """A file of weights or a card is missing, damaged or of another kind, or cannot be written."""


class HostError(FaceChainError):
    """The host (webui, Forge, diffusers) cannot do this with the models that it has loaded."""


class Cancelled(FaceChainError):  # noqa: N818 - a request of the user, not an error
    """The user stopped the work; what is finished is kept."""


class GivenUp(FaceChainError):  # noqa: N818 - a decision, not an error
    """A look at a picture that was being made decided that it is not worth its other steps."""
