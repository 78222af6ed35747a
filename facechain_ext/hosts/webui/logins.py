"""Who asks: the login of a request, from the webui's page, its API, or a generation.

The page's events carry the name that gradio has checked (``--gradio-auth``), requests of the API a user and a password
that are checked here as the host checks them (``--api-auth``). Either sets the owner for whatever runs for it.
"""

from __future__ import annotations

import base64
import binascii
import inspect
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facechain_ext.identity.library import FOLDER as CARDS
from facechain_ext.storage.owner import Owner, acting_as, current_owner, use_logins
from facechain_ext.weights import models_folder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from facechain_ext.hosts.webui.host_types import Processing

_UNAUTHORIZED, _ASK = 401, (b"www-authenticate", b"Basic")
"""The status of an answer that asks for a password, and the header by which it asks (RFC 7235, section 3.1)."""
_API = ("/sdapi/", "/facechain/")
"""Parts of the paths of requests that carry the API's user and password."""
_PRIVATE = (CARDS, "jobs", "templates", "presets", "styles/thumbnails")
"""Folders below the models folder whose files are handed out by this extension alone, to their owner."""


def register() -> None:
    """Say whether this webui has logins at all; to be called before the page is built."""
    use_logins(on=page_has_logins() or bool(api_passwords()))


def page_has_logins() -> bool:
    """Whether the page asks for a login."""
    from modules import shared

    return any(getattr(shared.cmd_opts, name, None) for name in ("gradio_auth", "gradio_auth_path"))


def api_passwords() -> dict[str, str]:
    """User -> password of ``--api-auth user:password,user:password``."""
    from modules import shared

    pairs = (
        pair.partition(":") for pair in (getattr(shared.cmd_opts, "api_auth", None) or "").split(",") if ":" in pair
    )
    return {user: password for user, _, password in pairs}


def owner_named(name: str) -> Owner:
    """The owner with this login name; the one of ``--facechain-administrator`` sees what belongs to anybody."""
    from modules import shared

    # a flag and no option of the settings page, which everybody who can open the page can change
    return Owner(name, administrator=bool(name) and name == getattr(shared.cmd_opts, "facechain_administrator", None))


def owner_of(p: Processing) -> Owner:
    """Whose a generation is: the page's login, which the host keeps in ``p`` as Forge changes threads, or the API's."""
    name = getattr(p, "user", None)
    return owner_named(name) if isinstance(name, str) and name else current_owner()


def add_to_app(blocks: Any, app: FastAPI) -> None:
    """Let the events of the page and the requests of the API carry their owner, and keep private files from /file=."""
    from starlette.middleware import Middleware

    app.user_middleware.append(Middleware(OwnerMiddleware, passwords=api_passwords()))
    app.middleware_stack = None  # built again for the next request
    if blocks is not None:
        blocks.call_function = _carrying_owner(blocks.call_function)
        blocks.blocked_paths = [*blocks.blocked_paths, *private_folders()]


def private_folders() -> list[str]:
    """The folders that the host's page must not serve, by their name and by where links lead."""
    folders = [models_folder() / name for name in _PRIVATE]
    return list(dict.fromkeys(str(path) for folder in folders for path in (Path(folder).absolute(), folder.resolve())))


class OwnerMiddleware:
    """ASGI middleware: what runs for a request of the API runs for its user; one without user is nobody's."""

    def __init__(self, app: ASGIApp, passwords: dict[str, str]) -> None:
        self._app, self._passwords = app, passwords

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or not any(part in str(scope.get("path", "")) for part in _API):
            await self._app(scope, receive, send)
            return

        async def asking(message: Message) -> None:
            """Ask for a password where one is missing: AUTOMATIC1111's handler of errors drops that header."""
            if message["type"] == "http.response.start" and message["status"] == _UNAUTHORIZED:
                headers = [(name, value) for name, value in message["headers"] if name.lower() != _ASK[0]]
                message = {**message, "headers": [*headers, _ASK]}
            await send(message)

        with acting_as(owner_named(checked_user(scope.get("headers", ()), self._passwords))):
            await self._app(scope, receive, asking)


def checked_user(headers: Iterable[tuple[bytes, bytes]], passwords: dict[str, str]) -> str:
    """The user of a request whose password is right; "" for any other, which the route itself refuses."""
    given = next((value for name, value in headers if name.lower() == b"authorization"), b"")
    scheme, _, encoded = given.partition(b" ")
    if scheme.lower() != b"basic":
        return ""
    try:
        user, _, password = base64.b64decode(encoded).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return ""
    return user if is_password(passwords, user, password) else ""


def is_password(passwords: dict[str, str], user: str, password: str) -> bool:
    """Whether ``password`` is that of ``user``."""
    right = passwords.get(user)
    return right is not None and secrets.compare_digest(right.encode(), password.encode())


def _carrying_owner(call: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    """Gradio's ``Blocks.call_function``, which runs each event's function, with the owner set to the event's login."""
    parameters = inspect.signature(call)

    async def call_function(*args: Any, **options: Any) -> object:
        requests = parameters.bind(*args, **options).arguments.get("requests")
        with acting_as(_owner_of_event(requests[0] if isinstance(requests, list) and requests else requests)):
            return await call(*args, **options)

    return call_function


def _owner_of_event(request: object) -> Owner:
    name = getattr(request, "username", None)
    if isinstance(name, str) and name:
        return owner_named(name)
    return Owner(known=not page_has_logins())
