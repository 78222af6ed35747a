"""A running webui elsewhere as a worker of a batch: one job in flight, by its jobs API, files in the request."""

from __future__ import annotations

import base64
import json
import logging
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING

from facechain_ext.errors import HostError, InputError
from facechain_ext.jobs.items import embedded
from facechain_ext.jobs.schedule import WorkerLostError
from facechain_ext.jobs.worker_types import MadePicture, RequestResult
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.jobs.items import FileSources, Item

log = logging.getLogger(__name__)

_REQUEST_SECONDS = 30.0
"""For one request: each only asks or hands over, and none waits for a picture."""
_POLL_SECONDS = 0.25
_ENDED = ("done", "failed", "stopped")


class WebuiWorker:
    """Makes items on the webui at ``url``; ``timeout`` seconds an item, ``auth`` is user:password of --api-auth."""

    def __init__(self, url: str, sources: FileSources, *, timeout: float = 600.0, auth: str = "") -> None:
        self.name = url.rstrip("/")
        parts = urllib.parse.urlsplit(self.name)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"--on takes addresses such as http://127.0.0.1:7860; {shorten(url)} is none.")
        self._sources, self._timeout = sources, timeout
        self._headers = {"Content-Type": "application/json"}
        if auth:
            self._headers["Authorization"] = "Basic " + base64.b64encode(auth.encode("utf-8")).decode("ascii")

    def make(self, item: Item) -> RequestResult:
        """The pictures of an item; raises WorkerLostError, or InputError and HostError when the item is at fault."""
        deadline = time.monotonic() + self._timeout
        path = "/facechain/v1/jobs/" + self._post(item, deadline)
        while True:
            job = self._json("GET", path)
            if job.get("state") in _ENDED:
                break
            if time.monotonic() > deadline:
                self._delete(path)
                raise WorkerLostError(f"it has not made {item.label} in {self._timeout:g} seconds")
            time.sleep(_POLL_SECONDS)
        try:
            return self._result(job, item)
        finally:
            self._delete(path)

    def is_back(self) -> bool:
        """Whether the webui answers."""
        try:
            self._json("GET", "/facechain/v1/version")
        except (HostError, InputError):
            return False
        return True

    def models(self) -> dict[str, object]:
        """What the webui draws with: checkpoint, hash, adapters, and what is missing; raises WorkerLostError."""
        return self._json("GET", "/facechain/v1/models")

    def _post(self, item: Item, deadline: float) -> str:
        """Hand the request over; the job's id. Waits while the webui's queue is full."""
        body = json.dumps(embedded(item.job_request, self._sources)).encode("ascii")
        while (job := self._try_to_post(body, item, deadline)) is None:
            pass
        return job

    def _try_to_post(self, body: bytes, item: Item, deadline: float) -> str | None:
        """The job's id, or None after a pause where the queue is full."""
        try:
            answer = self._json("POST", "/facechain/v1/jobs", body, {"Idempotency-Key": item.id})
        except _FullError as error:
            if time.monotonic() + error.seconds > deadline:
                raise WorkerLostError("its queue stays full") from error
            time.sleep(error.seconds)
            return None
        return urllib.parse.quote(str(_field(answer, "id")), safe="")

    def _result(self, job: Mapping[str, object], item: Item) -> RequestResult:
        state = _field(job, "state")
        if state == "failed":
            raise InputError(str(job.get("error") or "it failed without a reason"))
        pictures = job.get("pictures")
        if state == "stopped" or not isinstance(pictures, list) or not pictures:
            raise WorkerLostError(f"somebody stopped {item.label} there")
        made = []
        for one in pictures:
            content = self._request("GET", str(_field(one, "url")))
            seed, likeness = _field(one, "seed"), one.get("likeness")
            if not isinstance(seed, int) or not isinstance(likeness, float | int | None):
                raise WorkerLostError("it answers with something else than numbers for a picture")
            made.append(
                MadePicture(content, str(_field(one, "infotext")), seed, likeness, judged=str(one.get("judged", "")))
            )
        notes = job.get("notes")
        return RequestResult(tuple(made), tuple(map(str, notes)) if isinstance(notes, list) else ())

    def _delete(self, path: str) -> None:
        try:
            self._request("DELETE", path)
        except (HostError, InputError) as error:
            log.info("%s keeps a finished job: %s", self.name, error)

    def _json(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, object]:
        try:
            answer = json.loads(self._request(method, path, body, headers))
        except ValueError as error:
            raise WorkerLostError(f"it answers with something else than JSON ({error})") from error
        if not isinstance(answer, dict):
            raise WorkerLostError("it answers with something unexpected")
        return answer

    def _request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        if not path.startswith("/facechain/v1/"):  # an address from an answer leads nowhere else
            raise WorkerLostError(f"it answers with the address {shorten(path)}")
        request = urllib.request.Request(  # noqa: S310 - http or https, checked above
            self.name + path, body, {**self._headers, **(headers or {})}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=_REQUEST_SECONDS) as answer:  # noqa: S310
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            raise _refusal(error, path) from error
        except (OSError, ValueError) as error:  # not reached, cut off, too slow
            raise WorkerLostError(f"it does not answer ({error})") from error


def _field(answer: object, name: str) -> object:
    """A field of an answer; raises WorkerLostError where there is none: another version, or no webui at all."""
    if not isinstance(answer, Mapping) or name not in answer:
        raise WorkerLostError(f"it answers without {name!r}; update FaceChain in it")
    return answer[name]


class _FullError(HostError):
    """The webui's queue is full; ``seconds`` is when to ask again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"its queue is full for {seconds:g} seconds")
        self.seconds = seconds


def connect(urls: Sequence[str], sources: FileSources, *, timeout: float, auth: str) -> list[WebuiWorker]:
    """The workers at ``urls`` that draw with the same models as the first that answers; others are named in the log.

    Raises HostError when none can be used.
    """
    usable: list[WebuiWorker] = []
    agreed: tuple[object, object] | None = None
    reasons = []
    for url in filter(None, (one.strip() for one in urls)):
        worker = WebuiWorker(url, sources, timeout=timeout, auth=auth)
        try:
            models = worker.models()
        except (HostError, InputError) as error:
            reasons.append(f"{worker.name}: {error}")
            continue
        if models.get("missing"):
            reasons.append(f"{worker.name}: {models['missing']}")
            continue
        drawn_with = models.get("checkpoint_hash") or models.get("checkpoint"), models.get("adapters")
        agreed = agreed or drawn_with
        if drawn_with != agreed:
            reasons.append(f"{worker.name} draws with {drawn_with}, the first one with {agreed}; load the same models")
            continue
        usable.append(worker)
    for reason in reasons:
        log.warning("left out: %s", reason)
    if not usable:
        raise HostError(f"No webui can be used. {' '.join(reasons)}")
    return usable


def _refusal(error: urllib.error.HTTPError, path: str) -> HostError | InputError:
    """The exception for an answer with an error's status."""
    try:
        detail = json.loads(error.read()).get("detail", "")
    except (OSError, ValueError, AttributeError):
        detail = ""
    if error.code == 429:
        try:
            return _FullError(max(float(error.headers.get("Retry-After", "1")), 0.1))
        except ValueError:
            return _FullError(1.0)
    if error.code in (401, 403):
        return HostError(f"it refuses user and password ({error.code}); give --api-auth")
    if error.code == 404 and path.endswith(("/jobs", "/models")):
        return WorkerLostError("it has no FaceChain with a jobs API; install or update the extension there")
    if error.code in (413, 422):
        return InputError(str(detail) or f"it refuses the order ({error.code})")
    return WorkerLostError(f"it answers with {error.code} {shorten(detail, 200)}")
