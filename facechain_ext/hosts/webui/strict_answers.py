"""Middleware that answers 422 with the reason where a strict request could not be fulfilled, and labels the rest.

The host lets no script refuse a request: an error of a script is logged, and the picture is made without it. So the
script writes the reason into the answer and interrupts the generation, and this middleware around the host's own routes
turns such an answer into a refusal.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from facechain_ext.recipes.portrait_settings import PREFIX

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

REFUSED_LABEL = f"{PREFIX} refused"
"""The label in an answer's ``info`` of the reason why a strict request was refused."""
_ROUTES = ("/sdapi/v1/txt2img", "/sdapi/v1/img2img")


class StrictAnswersMiddleware:
    """ASGI middleware; an answer without a refusal passes, its JPEG and WebP pictures labelled."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or not str(scope.get("path", "")).endswith(_ROUTES):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body: list[bytes] = []

        async def checked(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            if message["type"] != "http.response.body" or not start:
                await send(message)
                return
            body.append(message.get("body", b""))
            if message.get("more_body", False):
                return
            content = b"".join(body)
            reason = refusal_reason(content)
            if reason is None:
                from facechain_ext.hosts.webui import labelling

                content = labelling.label_answer(content)
                headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
                await send({**start, "headers": [*headers, (b"content-length", str(len(content)).encode())]})
                await send({"type": "http.response.body", "body": content})
                return
            answer = _refusal_body(reason)
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
            await send({"type": "http.response.start", "status": 422, "headers": headers})
            await send({"type": "http.response.body", "body": answer})

        await self._app(scope, receive, checked)


def add_middleware(app: FastAPI) -> None:
    """Add the middleware innermost to ``app``, where answers are not compressed yet."""
    from starlette.middleware import Middleware

    app.user_middleware.append(Middleware(StrictAnswersMiddleware))
    app.middleware_stack = None  # built again for the next request


def refusal_reason(body: bytes) -> str | None:
    """The reason in the host's answer ``body`` why the request is refused; None where it is not."""
    if REFUSED_LABEL.encode() not in body:
        return None
    try:
        reason = json.loads(json.loads(body)["info"])["extra_generation_params"].get(REFUSED_LABEL)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return str(reason) if reason else None


def _refusal_body(reason: str) -> bytes:
    """The body of a refusal, with the fields of the host's own errors."""
    answer = {"error": "HTTPException", "detail": reason, "body": "", "errors": reason}
    return json.dumps(answer, ensure_ascii=False).encode("utf-8")
