"""What a recipe of jobs is: how its requests are read, and who makes their pictures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from facechain_ext import faces
from facechain_ext.errors import FaceChainError, InputError, PhotoError, WeightsError
from facechain_ext.identity import Identity
from facechain_ext.recipes.regions import placed_person
from facechain_ext.storage.lru_cache import LRUCache

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.faces.picture import Picture
    from facechain_ext.jobs.worker_types import RequestResult, Sources, WorkerHost
    from facechain_ext.recipes.job import Person
    from facechain_ext.recipes.regions import RegionPrompt

_KEPT_PEOPLE = 64
"""Identities that stay in memory: each has 300 kB of tokens a photo."""


@dataclass(frozen=True)
class RequestSummary:
    """What a queue and a report ask of any request: words for people, and how many pictures it sends and orders."""

    label: str
    sent: int
    """Pictures and clips in it."""
    count: int = 1
    """Pictures that are made."""


class RecipeFacts(Protocol):
    """What a request says, checked: each recipe has a class of its own, with only what the recipe reads.

    Pictures, cards and sounds are references: they name files or hold them in base64, as the ``Sources`` of who works
    on the request reads them.
    """

    def summary(self) -> RequestSummary:
        """What a queue and a report ask of it."""


Facts = TypeVar("Facts", bound=RecipeFacts)


@dataclass(frozen=True)
class Recipe(Generic[Facts]):
    """One kind of request.

    ``keys`` are the names that it may have beside "recipe", and ``file_keys`` those, at any depth, whose texts are
    references. ``parse`` checks a request that has no other keys and raises InputError that names the first thing that
    is wrong with it; ``run`` makes its pictures and raises FaceChainError when they cannot be made.
    """

    keys: frozenset[str]
    file_keys: frozenset[str]
    parse: Callable[[dict[str, object]], Facts]
    run: Callable[[Facts, RecipeContext], RequestResult]


@dataclass(frozen=True)
class RecipeContext:
    """With what a recipe works: a host, the files of the request, its people, and who asks for its progress.

    ``progress(step, steps)`` ends the work when it returns False. A ``strict`` request wants all that it names, or
    nothing.
    """

    host: WorkerHost
    sources: Sources
    people: RequestPeople
    progress: Callable[[int, int], bool]
    strict: bool = False

    def check_left_out(self, left_out: Sequence[str]) -> None:
        """Raise InputError with all the sentences on what is left out of a strict request."""
        if self.strict and left_out:
            raise InputError(" ".join(left_out))

    def picture(self, reference: str) -> Picture:
        """A decoded picture; raises FaceChainError that names it."""
        return faces.read_picture(self.sources.picture(reference))

    def file(self, reference: str, what: str) -> bytes:
        """A file that is no picture; raises InputError, which says ``what`` it is, for a text that holds none."""
        try:
            return self.sources.picture(reference)
        except PhotoError as error:
            raise InputError(f"FaceChain: {what} in base64; this text is not.") from error


class RequestPeople:
    """The people of requests: cards by their references, and photos that are encoded once for all requests."""

    def __init__(self, host: WorkerHost, sources: Sources) -> None:
        self._host, self._sources = host, sources
        self._encoded: LRUCache[Identity] = LRUCache(_KEPT_PEOPLE)

    def identity(self, card: str, photos: Sequence[object], face: int = 0) -> Identity:
        """The identity of a card, else of the person in ``photos``; ``face`` 0 is the largest of each."""
        return self._sources.card(card)[1] if card else self._of_photos(photos, face)

    def placed(self, people: Sequence[RegionPrompt], strength: float) -> list[tuple[str, Person]]:
        """The label for infotexts of everybody in a request, and the person; ``strength`` is for who names none."""
        found = []
        for person in people:
            name, identity = self._sources.card(person.card) if person.card else ("", self._of_photos(person.photos))
            found.append((f"card {name}" if name else "", placed_person(identity, person, strength)))
        return found

    def usable(self, people: Sequence[RegionPrompt], strength: float) -> tuple[list[tuple[str, Person]], list[str]]:
        """Those of ``placed`` whose card or photos can be used, and a sentence for each other.

        Raises the first InputError, PhotoError or WeightsError when nobody is left.
        """
        found: list[tuple[str, Person]] = []
        refused: list[str] = []
        first: FaceChainError | None = None
        for number, person in enumerate(people, 1):
            try:
                placed = self.placed([person], strength)
            except (InputError, PhotoError, WeightsError) as error:
                first = first or error
                refused.append(f"Person {number} is left out: {error}")
                continue
            found += placed
        if first is not None and not found:
            raise first
        return found, refused

    def _of_photos(self, photos: Sequence[object], face: int = 0) -> Identity:
        contents = [self._sources.picture(str(photo)) for photo in photos]
        key = (tuple(hashlib.sha256(content).hexdigest() for content in contents), face)
        found = self._encoded.get(key)
        if found is None:
            found = Identity.from_photos(contents, self._host.encoder(), face=face or None)
            self._encoded.put(key, found)
        return found


def photos_of(people: Sequence[RegionPrompt]) -> int:
    """How many photos of people a request sends."""
    return sum(len(person.photos) for person in people)
