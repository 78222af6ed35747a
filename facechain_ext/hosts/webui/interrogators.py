"""The webui's interrogators, BLIP and DeepBooru, as captioners of training pictures."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PIL import Image

from facechain_ext.errors import HostError
from facechain_ext.hosts.webui.execution import on_main_thread
from facechain_ext.hosts.webui.host_facts import is_there
from facechain_ext.hosts.webui.messages import first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from facechain_ext.faces.types import Pixels
    from facechain_ext.training_runs.captioners import Captioner

log = logging.getLogger(__name__)

BLIP, DEEPBOORU = "BLIP of the webui", "DeepBooru of the webui"


def interrogators() -> Mapping[str, Callable[[], Captioner]]:
    """Those that this webui has; it fetches their files itself when it uses one for the first time."""
    from modules import shared

    found: dict[str, Callable[[], Captioner]] = {}
    if getattr(shared, "interrogator", None) is not None:
        found[BLIP] = lambda: _Interrogator(BLIP, _blip)
    if is_there("modules.deepbooru"):
        found[DEEPBOORU] = lambda: _Interrogator(DEEPBOORU, _deepbooru)
    return found


class _Interrogator:
    """One interrogator; what ends it is told with its name."""

    def __init__(self, name: str, describe: Callable[[Image.Image], str]) -> None:
        self._name, self._describe = name, describe

    def __call__(self, pixels: Pixels) -> str:
        """The words for an RGB picture; raises HostError where the webui cannot describe it."""
        picture = Image.fromarray(pixels)
        try:
            return on_main_thread(lambda: self._describe(picture)).strip()
        except Exception as error:  # whatever the webui's code ends with, such as a download without a network
            log.exception("%s cannot describe pictures", self._name)
            kind, reason = type(error).__name__, first_line(error)
            raise HostError(
                f"{self._name} cannot describe pictures here ({kind}: {reason}). Choose another, or nobody, for the "
                "captions."
            ) from error


def _blip(picture: Image.Image) -> str:
    """The sentence alone: ``interrogate`` would add names of artists and styles by CLIP."""
    from modules import shared

    shared.interrogator.load()
    try:
        return str(shared.interrogator.generate_caption(picture))
    finally:
        shared.interrogator.unload()  # CLIP too, which load takes to the device beside BLIP


def _deepbooru(picture: Image.Image) -> str:
    from modules import deepbooru

    return str(deepbooru.model.tag(picture))
