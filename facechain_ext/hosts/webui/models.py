"""The encoder and the adapters of this host: which there are, and the ones in use, read once."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from facechain_ext.recipes.readiness import Need, checkpoint_needs, drawing_defaults, file_needs
from facechain_ext.storage.paths import safe_child
from facechain_ext.weights import require, set_models_folder
from facechain_ext.weights.download import preferred, pull_sources
from facechain_ext.weights.header import model_facts
from facechain_ext.weights.manifest import entry
from facechain_ext.weights.transfer import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from facechain_ext.identity import TransFace
    from facechain_ext.recipes.readiness import DrawingDefaults
    from facechain_ext.weights.transfer import Progress

T = TypeVar("T")

log = logging.getLogger(__name__)

_PATIENCE = 120.0
"""Seconds to wait for the host's own loading; longer means that something else replaced what it replaces."""
_ATTEMPTS = 3

_CHECKPOINT = "base-majic-file"
"""What the manifest calls the checkpoint that is fetched where the host has none."""

_lock = threading.Lock()
_cache: dict[str, tuple[Hashable, Any]] = {}


def use_host_folder() -> None:
    """Let the models folder be the host's ``models/FaceChain`` or what ``--facechain-models-dir`` names."""
    from modules import paths, shared

    chosen = getattr(shared.cmd_opts, "facechain_models_dir", None)
    set_models_folder(chosen or Path(paths.models_path) / "FaceChain")


def needs() -> tuple[Need, ...]:
    """Everything without which no portrait can be made here: a checkpoint of the right family, and our files."""
    path = _checkpoint()
    if path is None:
        what = "The webui has no Stable Diffusion 1.5 checkpoint to draw with."
        where = f"Put one into {_checkpoint_folder()}."
        wanted: tuple[Need, ...] = (Need(what, where, (_CHECKPOINT,), _bring_checkpoint),)
    else:
        where = "Choose another at the top left of the webui, under Stable Diffusion checkpoint."
        wanted = checkpoint_needs(path, where)
    return (*wanted, *file_needs())


def defaults() -> DrawingDefaults:
    """What suits the checkpoint that is chosen."""
    return drawing_defaults(_checkpoint())


def checkpoint_width() -> int:
    """Channels of the first level of the checkpoint that is chosen; 0 where its file does not say."""
    path = _checkpoint()
    facts = model_facts(path) if path is not None else None
    return 0 if facts is None else facts.width


def _checkpoint() -> Path | None:
    """The file of the checkpoint that is chosen, or that the host would take; None where it has none."""
    from modules import sd_models, shared

    known = list(sd_models.checkpoints_list.values())
    chosen = str(shared.opts.sd_model_checkpoint or "")
    for one in known:
        if chosen and chosen in (one.title, one.name, getattr(one, "short_title", ""), *getattr(one, "ids", ())):
            return Path(one.filename)
    return Path(known[0].filename) if known else None


def _checkpoint_folder() -> Path:
    from modules import paths, shared

    chosen = getattr(shared.cmd_opts, "ckpt_dir", None)
    return Path(chosen) if chosen else Path(paths.models_path) / "Stable-diffusion"


def _bring_checkpoint(
    key: str, *, progress: Callable[[Progress], None] | None, cancel: Callable[[], bool] | None
) -> Path:
    """Download a checkpoint of the manifest into the host's folder and let the host see it; raises WeightsError."""
    from modules import sd_models

    wanted = entry(key)
    final = safe_child(_checkpoint_folder(), wanted.save_as)
    watcher = Watcher(key, progress, cancel)
    path = pull_sources(key, preferred(wanted.sources), final, wanted.pickles, watcher, title=wanted.title)
    sd_models.list_models()
    return path


def encoder() -> TransFace:
    """The face encoder, on the CPU: one face takes a fraction of a second there, and no video memory.

    Raises WeightsError that says how to get it when it is not there.
    """
    from facechain_ext.identity import TransFace

    path = require("transface")
    return cached("encoder", (path, path.stat().st_mtime_ns), lambda: TransFace.from_file(path))


def cached(kind: str, key: Hashable, make: Callable[[], T]) -> T:
    """What ``make`` gives, made again only when ``key`` changes; the old value of ``kind`` is released first."""
    with _lock:
        if kind not in _cache or _cache[kind][0] != key:
            _cache.pop(kind, None)
            with torch.inference_mode(mode=False):  # else weights that are read in the middle of a picture are fixed
                _cache[kind] = (key, _undisturbed(make))
        value: T = _cache[kind][1]
        return value


def _torch_functions() -> tuple[Any, ...]:
    """What AUTOMATIC1111's webui replaces, for every thread, while it loads a checkpoint."""
    return torch.nn.Module.load_state_dict, torch.nn.Linear.__init__


_UNTOUCHED = _torch_functions()


def _undisturbed(make: Callable[[], T]) -> T:
    """What ``make`` gives when the host is not loading a checkpoint, which it does at its start beside the page."""
    deadline = time.monotonic() + _PATIENCE
    for _ in range(_ATTEMPTS):
        while _torch_functions() != _UNTOUCHED and time.monotonic() < deadline:
            time.sleep(0.05)
        try:
            made = make()
        except TypeError as error:  # its replacements take fewer arguments
            log.info("the host began to load a checkpoint meanwhile (%s); trying again", error)
            continue
        if _torch_functions() == _UNTOUCHED:
            return made
    return make()
