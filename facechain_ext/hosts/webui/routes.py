"""The API routes under /facechain/v1, with the host's API password where it has one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from facechain_ext import __version__
from facechain_ext.errors import FaceChainError
from facechain_ext.hosts.webui import (
    detail_route,
    job_queue,
    job_routes,
    logins,
    picture_route,
    strict_answers,
    template_route,
)
from facechain_ext.methods.fact.files import adapter_names
from facechain_ext.recipes.arguments import settings_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

log = logging.getLogger(__name__)

BASE = "/facechain/v1"


def add_routes(blocks: object, app: FastAPI) -> None:
    """Add the routes and the middlewares for logins and strict requests to the host's app."""
    from fastapi import APIRouter, Body, Depends, HTTPException

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

    def detect(photo: str = Body(embed=True)) -> list[dict[str, object]]:
        try:
            return _detect_faces(photo)
        except FaceChainError as error:
            raise HTTPException(422, str(error)) from error

    def template(body: dict[str, object] = Body()) -> dict[str, object]:
        try:
            return template_route.create_template_portrait(body)
        except FaceChainError as error:
            raise HTTPException(422, str(error)) from error

    def detail(body: dict[str, object] = Body()) -> dict[str, object]:
        try:
            return detail_route.create_repaired_picture(body)
        except FaceChainError as error:
            raise HTTPException(422, str(error)) from error

    def redraw(body: dict[str, object] = Body()) -> dict[str, object]:
        try:
            return picture_route.create_picture("redraw", body)
        except FaceChainError as error:
            raise HTTPException(422, str(error)) from error

    def garment(body: dict[str, object] = Body()) -> dict[str, object]:
        try:
            return picture_route.create_picture("garment", body)
        except FaceChainError as error:
            raise HTTPException(422, str(error)) from error

    for path, function in (("version", version), ("schema", schema), ("adapters", adapters), ("cards", cards)):
        router.add_api_route(f"/{path}", function, methods=["GET"])
    router.add_api_route("/detect", detect, methods=["POST"])
    for path, recipe in (("template", template), ("detail", detail), ("redraw", redraw), ("garment", garment)):
        router.add_api_route(f"/{path}", recipe, methods=["POST"])
    job_routes.add_job_routes(router)
    app.include_router(router)
    strict_answers.add_middleware(app)
    logins.add_to_app(blocks, app)
    job_queue.resume()


def _detect_faces(photo: str) -> list[dict[str, object]]:
    """The faces of a picture in base64, numbered from the left: box, landmarks in pixels, score 0..1, degrees."""
    from facechain_ext import faces
    from facechain_ext.hosts.webui.people import request_picture

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
