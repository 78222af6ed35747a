"""The webui's one queue of jobs: its folder, its limits from the settings page, and the webui as the worker's host."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from facechain_ext.hosts.webui import settings
from facechain_ext.hosts.webui.logins import owner_named
from facechain_ext.weights import models_folder

if TYPE_CHECKING:
    from PIL import Image

    from facechain_ext.hosts.webui.host import WebuiHost
    from facechain_ext.jobs.queue import JobQueue, QueueLimits

log = logging.getLogger(__name__)

FOLDER = "jobs"
"""Name of the folder of jobs below the models folder, beside the cards."""


class _Process:
    """What this process has: built at the first request, and kept when the webui reloads its page."""

    lock = threading.Lock()
    queue: JobQueue | None = None
    host: WebuiHost | None = None


def job_queue() -> JobQueue:
    """The queue, which takes up the jobs of an earlier run of the webui when it is first asked for."""
    with _Process.lock:
        if _Process.queue is None:
            from facechain_ext.hosts.webui.host import WebuiHost
            from facechain_ext.jobs.queue import JobQueue
            from facechain_ext.jobs.records import JobFolder
            from facechain_ext.jobs.request_sources import RequestSources
            from facechain_ext.jobs.worker import RequestWorker

            _Process.host = WebuiHost()
            worker = RequestWorker(_Process.host, RequestSources())
            _Process.queue = JobQueue(JobFolder(models_folder() / FOLDER), worker.make, _limits, owner_named)
            _Process.queue.start()
        return _Process.queue


def resume() -> None:
    """Go on with the jobs that an earlier run of the webui left; does nothing when there are none."""
    folder = models_folder() / FOLDER
    if _Process.queue is not None or not folder.is_dir():  # a webui's start waits for every import
        return
    from facechain_ext.jobs.records import JobFolder

    if any(not record.has_ended for record in JobFolder(folder).load()):
        log.info("jobs of an earlier run are left; they are made now")
        job_queue()


def preview() -> Image.Image | None:
    """The webui's live preview of the job that runs; None without one."""
    return None if _Process.host is None else _Process.host.preview()


def loaded_models() -> dict[str, object]:
    """What the webui draws with, for a pool of webuis that have to agree, and what is missing, as one sentence."""
    from modules import shared

    from facechain_ext.hosts.webui import models
    from facechain_ext.methods.fact.files import adapter_names

    info = getattr(getattr(shared, "sd_model", None), "sd_checkpoint_info", None)
    return {
        "checkpoint": str(getattr(shared.opts, "sd_model_checkpoint", "") or ""),
        "checkpoint_hash": str(getattr(info, "shorthash", "") or ""),
        "adapters": adapter_names(),
        "missing": " ".join(need.what for need in models.needs()),
    }


def _limits() -> QueueLimits:
    from facechain_ext.jobs.queue import QueueLimits

    return QueueLimits(settings.max_jobs(), settings.keep_hours(), settings.photos_per_minute())
