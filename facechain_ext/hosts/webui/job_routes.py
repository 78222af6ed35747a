"""The routes of jobs under /facechain/v1/jobs."""

from __future__ import annotations

import asyncio
import io
import json
import math
from typing import TYPE_CHECKING, NoReturn

from starlette.requests import Request  # noqa: TC002 - fastapi reads it when the routes are added
from starlette.responses import JSONResponse, Response, StreamingResponse

from facechain_ext.errors import FaceChainError, InputError
from facechain_ext.hosts.webui import job_queue
from facechain_ext.hosts.webui.late_mapping import LateMapping
from facechain_ext.hosts.webui.request_body import read_object
from facechain_ext.storage.owner import current_owner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from fastapi import APIRouter

    from facechain_ext.jobs.records import JobRecord

_WAIT_SECONDS = 15.0
"""Between two events at most, so that nothing on the way takes the connection for dead."""
_MAX_KEY = 200
_LISTED = 200
"""Jobs of a list: the newest."""
_ERROR = {
    "description": "Refused; detail says why.",
    "content": {"application/json": {"schema": {"type": "object", "properties": {"detail": {"type": "string"}}}}},
}
_FACTS = {
    "id": "019acb4a1f3c0123456789abcdef", "state": "running", "recipe": "portrait", "position": 0, "step": 9,
    "steps": 25, "seconds_left": 3.2, "created": 1764500000.0, "started": 1764500001.0, "ended": None, "pictures": [],
    "notes": [], "error": "",
}  # fmt: skip
_JOB = {"description": "The job.", "content": {"application/json": {"schema": {"type": "object"}, "example": _FACTS}}}


def add_job_routes(router: APIRouter) -> None:
    """Add the routes to the router that has the check of passwords."""

    def add(path: str, function: Callable[..., object], method: str, summary: str, **answers: object) -> None:
        responses = {int(code.removeprefix("on_")): answer for code, answer in answers.items() if code != "extra"}
        router.add_api_route(
            path, function, methods=[method], summary=summary, responses=responses, response_class=JSONResponse,
            response_model=None, openapi_extra=answers.get("extra"), tags=["FaceChain jobs"],
        )  # fmt: skip

    add("/jobs", _submit, "POST", "Order pictures; answers at once", on_202=_JOB, on_408=_ERROR, on_409=_ERROR,
        on_413=_ERROR, on_422=_ERROR, on_429=_ERROR, extra=LateMapping(_order))  # fmt: skip
    add("/jobs", _list, "GET", "The newest jobs of this login")
    add("/jobs/{job_id}", _show, "GET", "State, step, pictures of a job", on_200=_JOB, on_404=_ERROR)
    add("/jobs/{job_id}", _stop, "DELETE", "Stop a job, keeping what is done; delete one that has ended",
        on_200=_JOB, on_404=_ERROR)  # fmt: skip
    add(
        "/jobs/{job_id}/pictures/{number}",
        _picture,
        "GET",
        "A finished picture as PNG with its infotext, or a video as mp4",
        on_404=_ERROR,
    )
    add("/jobs/{job_id}/preview", _preview, "GET", "The live preview of a running job as JPEG; 204 without one",
        on_204={"description": "Nothing to see yet."}, on_404=_ERROR)  # fmt: skip
    add("/jobs/{job_id}/events", _events, "GET", "Server-sent events: the job whenever it changes, until it ends",
        on_404=_ERROR)  # fmt: skip
    add("/models", _models, "GET", "What this webui draws with, and what is missing")


def _order() -> dict[str, object]:
    """What the schema of the API says of an order's body and of its header."""
    from facechain_ext.jobs.schema import EXAMPLES, request_schema

    body = {"application/json": {"schema": request_schema(), "examples": EXAMPLES}}
    key = {
        "name": "Idempotency-Key", "in": "header", "required": False,
        "schema": {"type": "string", "maxLength": _MAX_KEY},
        "description": "The same key with the same order gives the same job, however often it is sent.",
    }  # fmt: skip
    return {"requestBody": {"required": True, "content": body}, "parameters": [key]}


async def _submit(request: Request) -> Response:
    from fastapi import HTTPException
    from starlette.concurrency import run_in_threadpool

    from facechain_ext.jobs.queue import KeyReusedError, QueueFullError
    from facechain_ext.jobs.records import public_facts

    values = await read_object(request)
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > _MAX_KEY:
        raise HTTPException(422, f"An idempotency key has {_MAX_KEY} characters at most.")
    owner = current_owner().name
    client = owner or (request.client.host if request.client else "")

    def submit() -> tuple[dict[str, object], int]:
        queue = job_queue.job_queue()
        record, _ = queue.submit(values, owner=owner, client=client, key=key)
        return public_facts(record, position=queue.position(record)), queue.length()

    try:
        facts, length = await run_in_threadpool(submit)
    except QueueFullError as error:
        headers = {"Retry-After": str(math.ceil(error.seconds)), "X-Queue-Length": str(error.length)}
        # not an HTTPException: AUTOMATIC1111's own handler of those answers without their headers
        return JSONResponse({"error": "QueueFull", "detail": str(error)}, 429, headers)
    except KeyReusedError as error:
        raise HTTPException(409, str(error)) from error
    except FaceChainError as error:
        raise HTTPException(422, str(error)) from error
    location = f"/facechain/v1/jobs/{facts['id']}"
    return JSONResponse({**facts, "queue_length": length}, 202, {"Location": location})


def _list(request: Request) -> Response:
    del request
    queue = job_queue.job_queue()
    jobs = queue.jobs_of(current_owner())[:_LISTED]
    return JSONResponse({"jobs": [_facts(record) for record in jobs], "queue_length": queue.length()})


def _show(request: Request, job_id: str) -> Response:
    del request
    return JSONResponse(_facts(_record(job_id)))


def _stop(request: Request, job_id: str) -> Response:
    del request
    record = _record(job_id)
    try:
        left = job_queue.job_queue().stop(record.id, current_owner())
    except InputError as error:  # it was deleted meanwhile
        _not_found(error)
    return JSONResponse({**_facts(left or record), **({} if left else {"deleted": True})})


def _picture(request: Request, job_id: str, number: int) -> Response:
    del request
    record = _record(job_id)
    try:
        content = job_queue.job_queue().picture(record, number)
    except InputError as error:
        _not_found(error)
    video = record.pictures[number - 1].file.endswith(".mp4")
    return Response(content, media_type="video/mp4" if video else "image/png")


def _preview(request: Request, job_id: str) -> Response:
    del request
    record = _record(job_id)
    picture = job_queue.preview() if record.state == "running" else None
    if picture is None:
        return Response(status_code=204)
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=85)
    return Response(file.getvalue(), media_type="image/jpeg")


def _events(request: Request, job_id: str) -> Response:
    record = _record(job_id)
    # with an encoding of its own, the webui's compression lets each event through instead of collecting them
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", "Content-Encoding": "identity"}
    return StreamingResponse(_changes(request, record), media_type="text/event-stream", headers=headers)


def _models(request: Request) -> Response:
    del request
    return JSONResponse(job_queue.loaded_models())


async def _changes(request: Request, record: JobRecord) -> AsyncIterator[str]:
    """An event for each state of a job, until it ends, is deleted, or nobody listens."""
    queue, waited = job_queue.job_queue(), 0.0
    current: JobRecord | None = record
    yield _event("job", _facts(record))
    while current is not None and not current.has_ended and not await request.is_disconnected():
        await asyncio.sleep(0.2)  # not a thread for each listener: a webui has forty for everything
        waited += 0.2
        seen, current = current, queue.wait(current, 0.0)
        if current is None:
            yield _event("deleted", {"id": record.id})
        elif current != seen:
            waited = 0.0
            yield _event("job", _facts(current))
        elif waited > _WAIT_SECONDS:
            waited = 0.0
            yield ": waiting\n\n"


def _event(name: str, facts: dict[str, object]) -> str:
    return f"event: {name}\ndata: {json.dumps(facts, ensure_ascii=False)}\n\n"


def _facts(record: JobRecord) -> dict[str, object]:
    from facechain_ext.jobs.records import public_facts

    return public_facts(record, position=job_queue.job_queue().position(record))


def _record(job_id: str) -> JobRecord:
    """A job that this login may see; raises HTTPException 404."""
    try:
        return job_queue.job_queue().get(job_id, current_owner())
    except InputError as error:
        _not_found(error)


def _not_found(error: FaceChainError) -> NoReturn:
    from fastapi import HTTPException

    raise HTTPException(404, str(error)) from error
