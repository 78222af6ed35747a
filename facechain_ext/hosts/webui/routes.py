"""Routes of our own below /facechain/v1; they ask for the host's API password where it has one."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from facechain_ext import __version__
from facechain_ext.errors import FaceChainError
from facechain_ext.hosts.webui import strict, template_route
from facechain_ext.methods.fact.files import adapter_names
from facechain_ext.recipes.arguments import settings_table

log = logging.getLogger(__name__)

BASE = "/facechain/v1"


def add(_blocks: Any, app: Any) -> None:
    """Add the routes to the host's app."""
    from fastapi import APIRouter, Body, Depends, HTTPException
    from modules import shared

    passwords = _passwords(getattr(shared.cmd_opts, "api_auth", None))
    router = APIRouter(prefix=BASE, dependencies=[Depends(_password_check(passwords))] if passwords else [])

    def version() -> dict[str, str]:
        return {"version": __version__}

    def schema() -> list[dict[str, Any]]:
        return [row.schema() for row in settings_table()]

    def adapters() -> list[str]:
        return adapter_names()

    def cards() -> list[str]:
        from facechain_ext.identity.library import CardLibrary

        return CardLibrary().names()

    def detect(photo: str = Body(embed=True)) -> list[dict[str, Any]]:
        try:
            return _faces(photo)
        except FaceChainError as error:
            raise HTTPException(422, str(error)) from error

    def template(order: dict[str, Any] = Body()) -> dict[str, Any]:  # noqa: B008 - fastapi's way
        try:
            return template_route.made(order)
        except FaceChainError as error:
            raise HTTPException(422, str(error)) from error

    for path, function in (("version", version), ("schema", schema), ("adapters", adapters), ("cards", cards)):
        router.add_api_route(f"/{path}", function, methods=["GET"])
    router.add_api_route("/detect", detect, methods=["POST"])
    router.add_api_route("/template", template, methods=["POST"])
    app.include_router(router)
    strict.add(app)


def _faces(photo: str) -> list[dict[str, Any]]:
    """The faces of a picture in base64, numbered from the left."""
    from facechain_ext import faces
    from facechain_ext.hosts.webui.people import picture_of

    picture = faces.read_picture(picture_of(photo))
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


def _passwords(option: str | None) -> dict[str, str]:
    """User -> password of ``--api-auth user:password,user:password``."""
    pairs = (pair.split(":", 1) for pair in (option or "").split(",") if ":" in pair)
    return {user: password for user, password in pairs}  # noqa: C416 - says what is what


def _password_check(passwords: dict[str, str]) -> Any:
    from fastapi import Depends, HTTPException
    from fastapi.security import HTTPBasic

    def check(given: Any = Depends(HTTPBasic())) -> bool:  # noqa: B008 - fastapi's way
        wanted = passwords.get(given.username)
        if wanted is not None and secrets.compare_digest(given.password.encode(), wanted.encode()):
            return True
        raise HTTPException(401, "Incorrect username or password", {"WWW-Authenticate": "Basic"})

    return check
