"""Recipes over the API that answer when the picture is made: the same requests as jobs, without a queue of ours."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from facechain_ext.errors import Cancelled, InputError
from facechain_ext.jobs.job_request import parse_job_request
from facechain_ext.jobs.request_sources import RequestSources
from facechain_ext.jobs.request_values import read_flag
from facechain_ext.jobs.worker import RequestWorker

if TYPE_CHECKING:
    from facechain_ext.hosts.webui.host import WebuiHost
    from facechain_ext.jobs.worker_types import WorkerHost


def create_picture(recipe: str, body: object, host: WorkerHost | None = None) -> dict[str, object]:
    """The answer to a request for ``recipe``: the picture as PNG in base64, notes, likeness and info.

    ``body`` is what a job of this recipe takes, without the recipe's name, and optionally ``strict``; null is as if it
    were not there. ``info`` holds the settings text as ``infotext``, and as ``left_out`` what was requested and not
    done; with ``strict`` that raises instead. Of a picture as a template, ``faces`` counts its faces. Raises
    FaceChainError that names what is wrong.
    """
    values = {key: one for key, one in _named(recipe, body).items() if one is not None}
    strict = read_flag(values, "strict")
    job_request = parse_job_request({key: one for key, one in values.items() if key != "strict"})
    made = RequestWorker(host or webui_host(), RequestSources()).make(job_request, strict=strict)
    if not made.pictures:
        raise Cancelled("It was stopped before a picture was finished.")
    best = made.pictures[0]
    return {
        "picture": base64.b64encode(best.content).decode("ascii"),
        "notes": list(made.notes),
        "likeness": best.likeness,
        "judged": best.judged,
        "info": {"infotext": best.infotext, "left_out": list(made.left_out), "seed": best.seed},
        **({} if made.faces is None else {"faces": made.faces}),
    }


def create_video(recipe: str, body: object, host: WorkerHost | None = None) -> dict[str, object]:
    """The answer to a request for a moving likeness: the video as mp4 in base64, notes, and the likeness of frames.

    ``body`` is what a job of this recipe takes, without the recipe's name. Raises FaceChainError that names what is
    wrong.
    """
    job_request = parse_job_request(_named(recipe, body))
    made = RequestWorker(host or webui_host(), RequestSources()).make(job_request)
    best = made.pictures[0]
    return {
        "video": base64.b64encode(best.content).decode("ascii"),
        "notes": list(made.notes),
        "likeness": None if best.curve is None else best.curve.facts(),
    }


def webui_host() -> WebuiHost:
    """The webui as a Host."""
    from facechain_ext.hosts.webui.host import WebuiHost

    return WebuiHost()


def _named(recipe: str, body: object) -> dict[str, object]:
    """The body as the request of a job."""
    if not isinstance(body, dict) or "recipe" in body:
        raise InputError(f"FaceChain: the body of {recipe} is an object of what the recipe takes, without its name.")
    return {**body, "recipe": recipe}
