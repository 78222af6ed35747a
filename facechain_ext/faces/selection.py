"""The choice of the best provider of each ability that can work here."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, TypeVar

from facechain_ext.errors import FaceChainError, HostError, InputError
from facechain_ext.faces.detect import DETECTORS
from facechain_ext.faces.mask import HEAD_MASKERS
from facechain_ext.faces.recognise import RECOGNISERS
from facechain_ext.faces.types import Availability

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from facechain_ext.faces.provider import Provider
    from facechain_ext.faces.types import Detector, HeadMasker, Recogniser

T = TypeVar("T")

log = logging.getLogger(__name__)


def availability() -> tuple[Availability, ...]:
    """Every provider of facts about faces, best first, and what would make it work. Loads no network."""
    from facechain_ext.faces import attributes
    from facechain_ext.faces.recognise import dlib_resnet

    return (
        *_availability_rows("detector", DETECTORS),
        *_availability_rows("head mask", HEAD_MASKERS),
        *_availability_rows("likeness", RECOGNISERS),
        *dlib_resnet.availability(),
        *attributes.availability(),
    )


def _availability_rows(ability: str, providers: Sequence[Provider[T]]) -> Iterable[Availability]:
    for provider in providers:
        remedy = provider.remedy()
        yield Availability(ability, provider.name, not remedy, provider.detail, remedy)


def detector(name: str = "auto") -> Detector:
    """The detector called ``name``, or the best that can work here, with a cache of its detections; created once.

    Raises:
        InputError: there is no detector of that name.
        HostError: it cannot work here; the message names the step that would change that.
    """
    return _load("face detector", DETECTORS, name)


def head_masker(name: str = "auto") -> HeadMasker:
    """The head masker called ``name``, or the best that can work here; created once.

    Raises:
        InputError: there is no head masker of that name.
        HostError: it cannot work here; the message names the step that would change that.
    """
    return _load("head masker", HEAD_MASKERS, name)


def recogniser(name: str = "auto") -> Recogniser:
    """The recognition network called ``name``, or the best that can work here; created once.

    Raises:
        InputError: there is no recogniser of that name.
        HostError: it cannot work here; the message names the step that would change that.
    """
    return _load("likeness encoder", RECOGNISERS, name)


def availability_table(rows: Iterable[Availability] | None = None) -> str:
    """One line for each provider of each ability, with the remedy of those that are not ready; for the log."""
    lines = []
    for row in availability() if rows is None else rows:
        state = "ready" if row.ready else f"not ready. {row.remedy}"
        lines.append(f"  {row.ability}: {row.name} ({row.detail}): {state}")
    return "\n".join(lines)


@functools.cache
def _log_availability() -> None:
    """Write the table into the log, once per process."""
    log.info("faces: what can work here, best first:\n%s", availability_table())


def _load(ability: str, providers: Sequence[Provider[T]], name: str) -> T:
    """The provider called ``name``, or for "auto" the first that loads; failures of the others are logged."""
    _log_availability()
    candidates = [provider for provider in providers if name in ("auto", provider.name)]
    if not candidates:
        names = ", ".join(provider.name for provider in providers)
        raise InputError(f"There is no {ability} called {name}; choose auto, {names}.")
    for provider in candidates:
        if provider.remedy():
            continue
        try:
            return provider.load()
        except (FaceChainError, ImportError) as error:
            if name != "auto":
                raise HostError(f"The {ability} {provider.name} cannot work here: {error}") from error
            log.warning("The %s %s cannot work here (%s); trying the next.", ability, provider.name, error)
    remedies = {provider.name: remedy for provider in candidates if (remedy := provider.remedy())}
    # not the best provider but the one that needs least: a single file, a file for packages that are here, a package
    downloads = (provider.remedy() for provider in candidates if provider.lacks_weights_only)
    easiest = remedies.get("sface") or next(downloads, "") or remedies.get("mediapipe")
    easiest = easiest or next(iter(remedies.values()), "See the log.")
    what = f"No {ability} can work here." if name == "auto" else f"The {ability} {name} cannot work here."
    raise HostError(f"{what} {easiest}")
