"""The API routes under /facechain/v1, with the host's API password where it has one."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request  # noqa: TC002 - fastapi reads it when the routes are added

from facechain_ext import __version__
from facechain_ext.errors import FaceChainError, InputError
from facechain_ext.hosts.webui import job_queue, job_routes, logins, strict_answers
from facechain_ext.hosts.webui.request_body import read_object
from facechain_ext.methods.fact.files import adapter_names
from facechain_ext.recipes.arguments import settings_table

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import FastAPI

log = logging.getLogger(__name__)

BASE = "/facechain/v1"
_OBJECT = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}
"""What the schema of the API says of a body."""


def add_routes(blocks: object, app: FastAPI) -> None:
    """Add the routes and the middlewares for logins and strict requests to the host's app."""
    from fastapi import APIRouter, Depends

    passwords = logins.api_passwords()
    router = APIRouter(prefix=BASE, dependencies=[Depends(_password_check(passwords))] if passwords else [])

    def version() -> dict[str, str]:
        return {"version": __version__}

    def schema() -> list[dict[str, object]]:
        return [row.schema() for row in settings_table()]

    def adapters() -> list[str]:
        return adapter_names()

    def cards() -> list[str]:
        from facechain_ext.identity.library import CardLibrary

        return CardLibrary().names()

    for path, function in (("version", version), ("schema", schema), ("adapters", adapters), ("cards", cards)):
        router.add_api_route(f"/{path}", function, methods=["GET"])
    posted: dict[str, Callable[[dict[str, object]], object]] = {
        "detect": _detect_faces,
        **{name: functools.partial(_create_picture, name) for name in ("template", "detail", "redraw", "garment")},
        **{name: functools.partial(_create_video, name) for name in ("talk", "clip")},
    }
    for path, answer in posted.items():
        router.add_api_route(
            f"/{path}", _answering(answer), methods=["POST"], name=path, response_model=None, openapi_extra=_OBJECT
        )
    job_routes.add_job_routes(router)
    app.include_router(router)
    strict_answers.add_middleware(app)
    logins.add_to_app(blocks, app)
    job_queue.resume()


def _answering(answer: Callable[[dict[str, object]], object]) -> Callable[..., Awaitable[object]]:
    """The function of a route: what ``answer`` makes of the body, in a thread; 422 with the sentence of its error."""

    async def route(request: Request) -> object:
        from fastapi import HTTPException

        body = await read_object(request)
        try:
            return await run_in_threadpool(answer, body)
        except FaceChainError as error:
            raise HTTPException(422, str(error)) from error

    return route


# the modules of these are imported at the first request: a webui's start waits for every import


def _create_picture(kind: str, body: dict[str, object]) -> object:
    from facechain_ext.hosts.webui.picture_route import create_picture

    return create_picture(kind, body)


def _create_video(kind: str, body: dict[str, object]) -> object:
    from facechain_ext.hosts.webui.picture_route import create_video

    return create_video(kind, body)


def _detect_faces(body: dict[str, object]) -> list[dict[str, object]]:
    """The faces of ``photo`` (base64), numbered from the left: box, landmarks in pixels, score 0..1, degrees."""
    from facechain_ext import faces
    from facechain_ext.hosts.webui.people import request_picture

    photo = body.get("photo")
    if set(body) != {"photo"} or not isinstance(photo, str):
        raise InputError('FaceChain: the faces of a photo are found by {"photo": "<base64>"}.')

    picture = faces.read_picture(request_picture(photo))
    numbered = faces.number_faces(faces.detector().detect(picture.pixels))
    return [
        {
            "number": number,
            "box": [float(side) for side in face.box],
            "landmarks": [[float(x), float(y)] for x, y in face.landmarks],
            "score": float(face.score),
            "yaw": face.yaw,
            "pitch": face.pitch,
            "roll": face.roll,
        }
        for number, face in enumerate(numbered, 1)
    ]


def _password_check(passwords: dict[str, str]) -> Callable[..., bool]:
    """A dependency of fastapi that raises HTTPException 401 without a right user and password."""
    from fastapi import Depends, HTTPException
    from fastapi.security import HTTPBasic

    # fastapi reads annotations when the route is added, where HTTPBasicCredentials is not imported
    def check(credentials: Any = Depends(HTTPBasic())) -> bool:
        if logins.is_password(passwords, credentials.username, credentials.password):
            return True
        raise HTTPException(401, "Incorrect username or password", {"WWW-Authenticate": "Basic"})

    return check
