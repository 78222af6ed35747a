"""Getting weights: the right file under its final name, or none."""

from __future__ import annotations

import logging
import os
import urllib.error
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.errors import WeightsError
from facechain_ext.storage.paths import safe_child
from facechain_ext.weights import store
from facechain_ext.weights.convert import PICKLED, convert
from facechain_ext.weights.folders import models_folder
from facechain_ext.weights.hubs import SourceError, endpoint, locate, page
from facechain_ext.weights.manifest import HUBS, entry
from facechain_ext.weights.reading import read_state_dict
from facechain_ext.weights.transfer import PullCancelledError, Watcher, WrongContentError, check_space, fetch, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from facechain_ext.weights.hubs import Remote
    from facechain_ext.weights.manifest import Pickles, Source
    from facechain_ext.weights.transfer import Progress

logger = logging.getLogger(__name__)

LOCK_POLL = 0.2
"""Seconds between two looks whether another process has finished the same download."""


def preferred(sources: tuple[Source, ...], hub: str | None = None) -> list[Source]:
    """The sources in the order in which to try them: those of ``hub``, or of $FACECHAIN_HUB, first.

    Raises WeightsError when there is no such hub.
    """
    first = hub or os.environ.get("FACECHAIN_HUB") or ""
    if first and first not in HUBS:
        raise WeightsError(f"There is no hub called {first!r}. Choose modelscope or huggingface.")
    return sorted(sources, key=lambda source: source.hub != first)


def pull(
    key: str,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: Callable[[], bool] | None = None,
    hub: str | None = None,
) -> Path:
    """Download the weights called ``key`` unless they are there, and return where they are.

    Tries the sources one after the other, ``hub`` first. ``progress`` is told after every piece; the download stops,
    and can be continued later, when ``cancel`` returns True. Raises WeightsError that says what to do.
    """
    wanted = entry(key)
    found = store.find(key)
    if found is not None:
        return found
    watcher = Watcher(key, progress, cancel)
    final = store.target(wanted)
    return pull_sources(key, preferred(wanted.sources, hub), final, wanted.pickles, watcher, title=wanted.title)


def pull_sources(
    key: str, sources: list[Source], final: Path, pickles: Pickles, watcher: Watcher, *, title: str = ""
) -> Path:
    """Bring the first source that works to ``final`` (a file, or a folder when the source has ``files``).

    Also for what the manifest does not list, such as the LoRA of a style; ``final`` must have been made by
    ``safe_child``. Only one process at a time works on ``key``; the others wait and then find it done.
    Raises WeightsError.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    reasons = []
    with _alone(key, final, watcher):
        if final.exists():
            return final
        for source in sources:
            try:
                _pull_source(source, final, pickles, watcher)
            except PullCancelledError:
                raise
            except (urllib.error.HTTPError, WrongContentError, SourceError) as error:
                reasons.append(f"{source}: {_why(error, source)}")
            except OSError as error:
                reasons.append(f"{source}: {error.reason if isinstance(error, urllib.error.URLError) else error}")
            else:
                logger.info("%s: %s", key, final)
                return final
            if source is not sources[-1]:
                logger.warning("%s; trying the next source", reasons[-1])
    first = sources[0]
    raise WeightsError(
        f"{title or key} could not be downloaded ({'; '.join(reasons)}). "
        f"Put {first.name} from {page(first)} into {final.parent}, or try again later."
    )


def _why(error: Exception, source: Source) -> str:
    if not isinstance(error, urllib.error.HTTPError):
        return str(error)
    if error.code in (401, 403):
        variable = "MODELSCOPE_API_TOKEN" if source.hub == "modelscope" else "HF_TOKEN"
        return f"{endpoint(source.hub)} asks for a login; set {variable}"
    return f"answer {error.code} {error.reason}"


def _pull_source(source: Source, final: Path, pickles: Pickles, watcher: Watcher) -> None:
    remotes = locate(source)
    if pickles == "convert":  # what is offered as safetensors too need not be converted
        names = {remote.name for remote in remotes}
        remotes = [
            r for r in remotes if not r.name.endswith(PICKLED) or _safe_form(Path(r.name)).as_posix() not in names
        ]
    total = sum(remote.size or 0 for remote in remotes)
    folder = final.with_name(f"{final.name}.part")
    have = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
    # A file that is rewritten is on the disk twice for a moment; the largest counts.
    twice = max((remote.size or 0 for remote in remotes), default=0) if pickles == "convert" else 0
    check_space(final.parent, max(total - have, 0) + twice)
    digests: dict[Path, str] = {}
    if source.files:
        for remote in remotes:
            place = safe_child(folder, remote.name)
            place.parent.mkdir(parents=True, exist_ok=True)
            done, digest = _one(remote, place, pickles, watcher, source)
            digests[final / done.relative_to(folder.resolve())] = digest
        folder.replace(final)
    else:
        done, digest = _one(remotes[0], final, pickles, watcher, source)
        digests[done] = digest
    store.remember(digests, str(source))


def _one(remote: Remote, place: Path, pickles: Pickles, watcher: Watcher, source: Source) -> tuple[Path, str]:
    """Fetch one file to ``place``, or its safetensors form beside it, and return where and which sha256."""
    if pickles == "none" or not remote.name.endswith(PICKLED):
        if place.is_file() and remote.sha256 and sha256_of(place) == remote.sha256:
            return place, remote.sha256  # of an earlier attempt at the folder
        return place, fetch(remote, place, watcher)
    final = place if pickles == "check" else _safe_form(place)
    if final.is_file():
        return final, sha256_of(final)
    raw = place.with_name(f"{remote.name.rsplit('/', 1)[-1]}.raw")
    digest = fetch(remote, raw, watcher)
    try:
        if pickles == "check":
            read_state_dict(raw)
            raw.replace(final)
            return final, digest
        convert(raw, final, {"source": str(source), "sha256": digest})
        return final, sha256_of(final)
    finally:
        raw.unlink(missing_ok=True)


def _safe_form(place: Path) -> Path:
    """The name under which diffusers and transformers look for the safetensors form of a file of a folder."""
    if place.name == "pytorch_model.bin":
        return place.with_name("model.safetensors")
    return place.with_suffix(".safetensors") if place.suffix in PICKLED else place


@contextmanager
def _alone(key: str, final: Path, watcher: Watcher) -> Iterator[None]:
    """Hold the download of ``key`` for this process; waits for another one, told as progress."""
    from filelock import FileLock, Timeout  # noqa: PLC0415 - comes with torch; only downloads need it

    # Not beside the file: that may be a folder of the host, such as its LoRAs.
    locks = models_folder() / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    lock = FileLock(locks / f"{final.name}.lock")
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            logger.debug("%s is being downloaded by another process", key)
            watcher.tell("", 0, None)
            watcher.wait(LOCK_POLL)
    try:
        yield
    finally:
        lock.release()
