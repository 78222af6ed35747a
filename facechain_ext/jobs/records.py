"""Jobs on the disk: a folder for each, with small files that are replaced in one step; no database."""

from __future__ import annotations

import json
import logging
import re
import secrets
import shutil
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Literal

from facechain_ext.errors import InputError, WeightsError
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.storage.json_store import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from facechain_ext.jobs.worker_types import MadePicture

log = logging.getLogger(__name__)

JobState = Literal["queued", "running", "done", "failed", "stopped"]
ENDED: tuple[JobState, ...] = ("done", "failed", "stopped")
_ID = re.compile(r"[0-9a-f]{28}")
_RECORD, _ORDER = "job.json", "order.json"


@dataclass(frozen=True)
class JobPicture:
    """A finished picture: its file's name in the job's folder, and what is known of it."""

    file: str
    seed: int
    likeness: float | None
    infotext: str
    check: Mapping[str, object] | None = None
    """What dlib's network says of it beside the photos: ``distance``, ``verdict``, ``copied``; None: not asked."""
    curve: Mapping[str, object] | None = None
    """How like the compared frames of a video are, as ``FrameDistances.facts`` has it: 16 frames at most."""
    judged: str = ""
    """The likeness in words, with who scored it."""


@dataclass(frozen=True)
class JobRecord:
    """One job: times in seconds since 1970, ``owner`` the login name that may see it ("" without logins).

    ``client`` is whose turn it takes in the queue; ``key`` the idempotency key, ``order_digest`` what it stands for.
    ``starts`` counts how often the work began: more than once where the program ended meanwhile.
    """

    id: str
    state: JobState = "queued"
    owner: str = ""
    client: str = ""
    key: str = ""
    order_digest: str = ""
    recipe: str = ""
    count: int = 1
    created: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    starts: int = 0
    step: int = 0
    steps: int = 0
    pictures: tuple[JobPicture, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ENDED


class JobFolder:
    """The jobs under ``folder``. A request holds photos: only this user of the machine can read them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self, record: JobRecord, job_request: Mapping[str, object]) -> None:
        """Write a new job; once this returns, it survives the end of the program.

        Raises WeightsError when the disk refuses; nothing of the job is left then.
        """
        place = self._place(record.id)
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            place.mkdir(mode=0o700)
            with atomic_write(place / _ORDER) as part:
                part.write_text(json.dumps(job_request), encoding="utf-8")
            self.write(record)
        except (WeightsError, OSError) as error:
            self.remove(record.id)
            raise WeightsError(f"The job cannot be kept ({error}); check the disk of {self.folder}.") from error

    def write(self, record: JobRecord) -> None:
        """Replace a job's record; raises WeightsError when the disk refuses."""
        write_json(self._place(record.id) / _RECORD, asdict(record))

    def job_request(self, job_id: str) -> object:
        """The request of a job; None when it cannot be read."""
        return read_json(self._place(job_id) / _ORDER)

    def save_picture(self, job_id: str, number: int, picture: MadePicture) -> JobPicture:
        """Write a finished picture."""
        name = f"{number}{picture.suffix}"
        with atomic_write(self._place(job_id) / name) as part:
            part.write_bytes(picture.content)
        check = None if picture.check is None else asdict(picture.check)
        curve = None if picture.curve is None else picture.curve.facts()
        return JobPicture(name, picture.seed, picture.likeness, picture.infotext, check, curve, picture.judged)

    def picture(self, record: JobRecord, number: int) -> bytes:
        """The file of picture ``number``, from 1; raises InputError when there is none."""
        if not 1 <= number <= len(record.pictures):
            raise InputError(f"The job has {len(record.pictures)} pictures; there is no number {number}.")
        try:
            return (self._place(record.id) / record.pictures[number - 1].file).read_bytes()
        except OSError as error:
            raise InputError("The picture's file is gone.") from error

    def remove(self, job_id: str) -> None:
        """Delete a job with its photos and pictures."""
        shutil.rmtree(self._place(job_id), ignore_errors=True)

    def drop_request(self, job_id: str) -> None:
        """Delete the photos of a job that has ended."""
        (self._place(job_id) / _ORDER).unlink(missing_ok=True)

    def load(self) -> list[JobRecord]:
        """All jobs, oldest first; a folder without a readable record is left alone and named in the log."""
        if not self.folder.is_dir():
            return []
        found = []
        for place in sorted(self.folder.iterdir()):
            if not _ID.fullmatch(place.name):
                continue
            record = _parse(read_json(place / _RECORD))
            if record is None or record.id != place.name:
                log.warning("%s holds no job that can be read", place)
                continue
            found.append(record)
        return found

    def _place(self, job_id: str) -> Path:
        if not _ID.fullmatch(job_id):
            raise InputError("There is no such job.")
        return self.folder / job_id


def new_id() -> str:
    """An id that sorts by time and that nobody can guess: 48 bits of milliseconds, 64 random ones."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(8)}"


def _parse(values: object) -> JobRecord | None:
    if not isinstance(values, dict):
        return None
    try:
        pictures = tuple(JobPicture(**one) for one in values.get("pictures", ()))
        record = JobRecord(**{**values, "pictures": pictures, "notes": tuple(values.get("notes", ()))})
    except TypeError:
        return None
    return record if record.state in (*ENDED, "queued", "running") else None


def public_facts(record: JobRecord, *, position: int = 0, now: float | None = None) -> dict[str, object]:
    """What the API tells of a job. ``position`` is its place in the queue, from 1; 0 when it is not in it."""
    elapsed = (time.time() if now is None else now) - record.started
    running = record.state == "running" and record.step and record.steps
    return {
        "id": record.id,
        "state": record.state,
        "recipe": record.recipe,
        "position": position,
        "step": record.step,
        "steps": record.steps,
        "seconds_left": round(elapsed / record.step * (record.steps - record.step), 1) if running else None,
        "created": record.created,
        "started": record.started or None,
        "ended": record.ended or None,
        "pictures": [
            {
                "url": f"/facechain/v1/jobs/{record.id}/pictures/{number}",
                "seed": one.seed,
                "likeness": one.likeness,
                "judged": one.judged,
                "check": one.check,
                "curve": one.curve,
                "infotext": one.infotext,
            }
            for number, one in enumerate(record.pictures, 1)
        ],
        "notes": list(record.notes),
        "error": record.error,
    }


def restarted(record: JobRecord) -> JobRecord:
    """A job as it goes back into the queue after the program ended while it was made."""
    return replace(record, state="queued", started=0.0, step=0, steps=0, pictures=())
