"""Downloads of weights: afterwards the right file has its final name, or there is none."""

from __future__ import annotations

import logging
import os
import urllib.error
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError, WeightsError
from facechain_ext.storage.file_lock import file_lock
from facechain_ext.storage.paths import safe_child
from facechain_ext.weights import store
from facechain_ext.weights.convert import PICKLED, convert
from facechain_ext.weights.folders import models_folder
from facechain_ext.weights.hubs import SourceError, list_files
from facechain_ext.weights.lock_file import add_records, sha256_of
from facechain_ext.weights.manifest import HUBS, entry, hub_endpoint, source_page
from facechain_ext.weights.reading import read_state_dict
from facechain_ext.weights.transfer import ProgressReporter, WrongContentError, check_space, fetch

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.weights.hubs import RemoteFile
    from facechain_ext.weights.manifest import PicklePolicy, Source
    from facechain_ext.weights.transfer import Progress

logger = logging.getLogger(__name__)

LOCK_POLL = 0.2
"""Seconds between two checks whether another process has finished the same download."""


def order_sources(sources: tuple[Source, ...], hub: str | None = None) -> list[Source]:
    """The sources in the order of the attempts: those of ``hub``, or else of $FACECHAIN_HUB, first.

    Raises InputError when there is no such hub.
    """
    first = hub or os.environ.get("FACECHAIN_HUB") or ""
    if first and first not in HUBS:
        raise InputError(f"There is no hub called {first!r}. Choose modelscope or huggingface.")
    return sorted(sources, key=lambda source: source.hub != first)


def pull(
    key: str,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancel: Callable[[], bool] | None = None,
    hub: str | None = None,
) -> Path:
    """The path of the weights called ``key``, which are downloaded unless they are there.

    Tries the sources one after the other, those of ``hub`` first. ``progress`` is called after every piece. When
    ``cancel`` returns True, Cancelled is raised, and the next download resumes. Raises InputError for an unknown key or
    hub, WeightsError, with the reason of each source, when none works.
    """
    wanted = entry(key)
    found = store.find(key)
    if found is not None:
        return found
    reporter = ProgressReporter(key, progress, cancel)
    final = store.target(wanted)
    sources = order_sources(wanted.sources, hub)
    return pull_sources(key, sources, final, wanted.pickles, reporter, title=wanted.title)


def pull_sources(
    key: str, sources: list[Source], final: Path, pickles: PicklePolicy, reporter: ProgressReporter, *, title: str = ""
) -> Path:
    """Download the first source that works to ``final`` (a file, or a folder when the source has ``files``).

    Also for files that the manifest does not list, such as the LoRA of a style; ``final`` must come from
    ``safe_child``. One process at a time downloads ``key``; the others wait, then find it there. Raises WeightsError
    when no source works, Cancelled when the reporter's ``cancel`` returns True.
    """
    final.parent.mkdir(parents=True, exist_ok=True)

    def wait() -> None:
        logger.debug("%s is being downloaded by another process", key)
        reporter.report("", 0, None)
        reporter.sleep(LOCK_POLL)

    reasons = []
    # Not beside the file, whose folder may be one of the host's, such as that of its LoRAs.
    with file_lock(models_folder() / ".locks" / f"{final.name}.lock", wait):
        if final.exists():
            return final
        for source in sources:
            try:
                _pull_source(source, final, pickles, reporter)
            except (urllib.error.HTTPError, WrongContentError, SourceError) as error:
                reasons.append(f"{source}: {_failure_reason(error, source)}")
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
        f"Put {first.name} from {source_page(first)} into {final.parent}, or try again later."
    )


def _failure_reason(error: Exception, source: Source) -> str:
    if not isinstance(error, urllib.error.HTTPError):
        return str(error)
    if error.code in (401, 403):
        variable = "MODELSCOPE_API_TOKEN" if source.hub == "modelscope" else "HF_TOKEN"
        return f"{hub_endpoint(source.hub)} asks for a login; set {variable}"
    return f"answer {error.code} {error.reason}"


def _pull_source(source: Source, final: Path, pickles: PicklePolicy, reporter: ProgressReporter) -> None:
    remotes = list_files(source)
    if pickles == "convert":  # leaves out those that the source also offers as safetensors
        names = {remote.name for remote in remotes}
        remotes = [
            r
            for r in remotes
            if not r.name.endswith(PICKLED) or _safetensors_path(Path(r.name)).as_posix() not in names
        ]
    total = sum(remote.size or 0 for remote in remotes)
    folder = final.with_name(f"{final.name}.part")
    partial_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
    # During a conversion both forms of a file are on the disk; reserve room for the largest.
    conversion_bytes = max((remote.size or 0 for remote in remotes), default=0) if pickles == "convert" else 0
    check_space(final.parent, max(total - partial_bytes, 0) + conversion_bytes)
    digests: dict[Path, str] = {}
    if source.files:
        for remote in remotes:
            path = _child_of_source(folder, remote)
            path.parent.mkdir(parents=True, exist_ok=True)
            done, digest = _download_file(remote, path, pickles, reporter, source)
            digests[final / done.relative_to(folder.resolve())] = digest
        folder.replace(final)
    else:
        done, digest = _download_file(remotes[0], final, pickles, reporter, source)
        digests[done] = digest
    add_records(digests, str(source))


def _download_file(
    remote: RemoteFile, path: Path, pickles: PicklePolicy, reporter: ProgressReporter, source: Source
) -> tuple[Path, str]:
    """Download one file to ``path``, or its safetensors form beside it; returns the final path and the sha256."""
    if pickles == "none" or not remote.name.endswith(PICKLED):
        if path.is_file() and remote.sha256 and sha256_of(path) == remote.sha256:
            return path, remote.sha256  # complete since an earlier attempt
        return path, fetch(remote, path, reporter)
    final = path if pickles == "check" else _safetensors_path(path)
    if final.is_file():
        return final, sha256_of(final)
    raw = path.with_name(f"{remote.name.rsplit('/', 1)[-1]}.raw")
    digest = fetch(remote, raw, reporter)
    try:
        if pickles == "check":
            read_state_dict(raw)
            raw.replace(final)
            return final, digest
        convert(raw, final, {"source": str(source), "sha256": digest})
        return final, sha256_of(final)
    finally:
        raw.unlink(missing_ok=True)


def _child_of_source(folder: Path, remote: RemoteFile) -> Path:
    """The path of ``remote`` below ``folder``; raises SourceError when its hub lists a name that leads elsewhere."""
    try:
        return safe_child(folder, remote.name)
    except InputError as error:
        raise SourceError(str(error)) from error


def _safetensors_path(path: Path) -> Path:
    """The path at which diffusers and transformers look for the safetensors form of a file."""
    if path.name == "pytorch_model.bin":
        return path.with_name("model.safetensors")
    return path.with_suffix(".safetensors") if path.suffix in PICKLED else path
