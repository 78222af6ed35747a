"""The models folder of this host, what is missing from it, and the cache of loaded models."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from facechain_ext.hosts.webui.host_facts import host, option_folders
from facechain_ext.recipes.readiness import Need, checkpoint_needs, drawing_defaults, file_needs, is_sdxl
from facechain_ext.storage.paths import safe_child
from facechain_ext.weights import require, set_models_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from facechain_ext.identity import TransFace
    from facechain_ext.recipes.readiness import DrawingDefaults
    from facechain_ext.weights.transfer import Progress

T = TypeVar("T")

log = logging.getLogger(__name__)

_LOADING_TIMEOUT = 120.0
"""Seconds to wait for the host's own loading; after that another extension may have replaced the same functions."""
_MAX_ATTEMPTS = 3

_CHECKPOINT = "base-majic-file"
"""The manifest's key of the checkpoint that is downloaded where the host has none."""

_lock = threading.Lock()
_cache: dict[str, tuple[Hashable, Any]] = {}


def use_host_folder() -> None:
    """Set the models folder to the host's ``models/FaceChain`` or to ``--facechain-models-dir``."""
    from modules import paths, shared

    chosen = getattr(shared.cmd_opts, "facechain_models_dir", None)
    set_models_folder(chosen or Path(paths.models_path) / "FaceChain")


def needs() -> tuple[Need, ...]:
    """What a portrait needs here: a checkpoint of a supported family, and the files of the manifest."""
    path = _checkpoint()
    if path is None:
        what = "The webui has no Stable Diffusion 1.5 checkpoint to draw with."
        where = f"Put one into {_checkpoint_folder()}."
        missing: tuple[Need, ...] = (Need(what, where, (_CHECKPOINT,), _download_checkpoint),)
    else:
        where = "Choose another at the top left of the webui, under Stable Diffusion checkpoint."
        missing = checkpoint_needs(path, where)
    sdxl = is_sdxl(path)
    return (*missing, *file_needs(adapter=not sdxl, photomaker=sdxl))


def defaults() -> DrawingDefaults:
    """The defaults of drawing that suit the selected checkpoint."""
    return drawing_defaults(_checkpoint())


def checkpoint_width() -> int:
    """Channels of the first level of the selected checkpoint's U-Net; 0 where its file does not say."""
    from facechain_ext.weights.header import model_facts

    path = _checkpoint()
    facts = model_facts(path) if path is not None else None
    return 0 if facts is None else facts.width


def _checkpoint() -> Path | None:
    """The file of the selected checkpoint, or of the one that the host would load; None where it has none."""
    from modules import sd_models, shared

    checkpoints = list(sd_models.checkpoints_list.values())
    chosen = str(shared.opts.sd_model_checkpoint or "")
    for info in checkpoints:
        if chosen and chosen in (info.title, info.name, getattr(info, "short_title", ""), *getattr(info, "ids", ())):
            return Path(info.filename)
    return Path(checkpoints[0].filename) if checkpoints else None


def _checkpoint_folder() -> Path:
    from modules import paths

    chosen = option_folders(host().checkpoint_dirs)
    return chosen[0] if chosen else Path(paths.models_path) / "Stable-diffusion"


def _download_checkpoint(
    key: str, *, progress: Callable[[Progress], None] | None, cancel: Callable[[], bool] | None
) -> Path:
    """Download a checkpoint of the manifest into the host's folder and let the host list it; raises WeightsError."""
    from modules import sd_models

    from facechain_ext.weights.download import order_sources, pull_sources
    from facechain_ext.weights.manifest import entry
    from facechain_ext.weights.transfer import ProgressReporter

    listed = entry(key)
    path = safe_child(_checkpoint_folder(), listed.save_as)
    reporter = ProgressReporter(key, progress, cancel)
    downloaded = pull_sources(key, order_sources(listed.sources), path, listed.pickles, reporter, title=listed.title)
    sd_models.list_models()
    return downloaded


def encoder() -> TransFace:
    """The face encoder, on the CPU, where a face takes a fraction of a second and no video memory.

    Raises WeightsError that names the download when its file is missing.
    """
    from facechain_ext.identity import TransFace

    path = require("transface")
    return cached("encoder", (path, path.stat().st_mtime_ns), lambda: TransFace.from_file(path))


def cached(kind: str, key: Hashable, make: Callable[[], T]) -> T:
    """The cached value of ``kind``, made again by ``make`` when ``key`` changes; the old value is released first."""
    with _lock:
        if kind not in _cache or _cache[kind][0] != key:
            _cache.pop(kind, None)
            with torch.inference_mode(mode=False):  # weights read during a generation would be inference tensors
                _cache[kind] = (key, _outside_host_loading(make))
        value: T = _cache[kind][1]
        return value


def _torch_functions() -> tuple[object, ...]:
    """The functions of PyTorch that AUTOMATIC1111's webui replaces, for every thread, while it loads a checkpoint."""
    return torch.nn.Module.load_state_dict, torch.nn.Linear.__init__


_ORIGINAL_FUNCTIONS = _torch_functions()


def _outside_host_loading(make: Callable[[], T]) -> T:
    """The result of ``make``, called while the host loads no checkpoint, as it does in a thread at its start."""
    deadline = time.monotonic() + _LOADING_TIMEOUT
    for _ in range(_MAX_ATTEMPTS):
        while _torch_functions() != _ORIGINAL_FUNCTIONS and time.monotonic() < deadline:
            time.sleep(0.05)
        try:
            made = make()
        except TypeError as error:  # its replacements take fewer arguments
            log.info("the host began to load a checkpoint meanwhile (%s); trying again", error)
            continue
        if _torch_functions() == _ORIGINAL_FUNCTIONS:
            return made
    return make()
