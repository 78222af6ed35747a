"""Answers 422 with the reasons where a strict request for pictures could not be done as asked.

The host lets no script refuse a request: what a script raises is reported in the console and the picture is made all
the same. So the script notes the reason in the answer, makes no picture, and this layer around the host's own routes
turns such an answer into a refusal.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from facechain_ext.recipes.arguments import PREFIX

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Send = Callable[[Message], Awaitable[None]]

REFUSED_LABEL = f"{PREFIX} refused"
"""The label in an answer's ``info`` that holds why a strict request was not done."""
_ROUTES = ("/sdapi/v1/txt2img", "/sdapi/v1/img2img")


class StrictAnswers:
    """An ASGI layer; every answer without a refusal passes unchanged."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Any, send: Send) -> None:
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
            whole = b"".join(body)
            reason = refusal_in(whole)
            if reason is None:
                await send(start)
                await send({"type": "http.response.body", "body": whole})
                return
            answer = _answer(reason)
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
            await send({"type": "http.response.start", "status": 422, "headers": headers})
            await send({"type": "http.response.body", "body": answer})

        await self._app(scope, receive, checked)


def add(app: Any) -> None:
    """Put the layer innermost into ``app``, a Starlette application, where answers are not compressed yet."""
    from starlette.middleware import Middleware

    app.user_middleware.append(Middleware(StrictAnswers))
    app.middleware_stack = None  # built again for the next request


def refusal_in(body: bytes) -> str | None:
    """Why the host's answer ``body`` is a refusal; None where it is none."""
    if REFUSED_LABEL.encode() not in body:
        return None
    try:
        told = json.loads(json.loads(body)["info"])["extra_generation_params"].get(REFUSED_LABEL)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return str(told) if told else None


def _answer(reason: str) -> bytes:
    """In the shape of the host's own errors."""
    answer = {"error": "HTTPException", "detail": reason, "body": "", "errors": reason}
    return json.dumps(answer, ensure_ascii=False).encode("utf-8")
