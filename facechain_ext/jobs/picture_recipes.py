"""The work of requests that begin with a picture: a drawing of it, and a garment in it, on any host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from facechain_ext import faces
from facechain_ext.jobs.worker_types import MadePicture, RequestResult
from facechain_ext.recipes.garment.marking import mark_garment, read_mask
from facechain_ext.recipes.garment.recipe import keep_garment
from facechain_ext.recipes.garment.wear import wear_garment
from facechain_ext.recipes.job import Person
from facechain_ext.recipes.readiness import require_ready
from facechain_ext.recipes.redraw.recipe import people_of_picture, redraw
from facechain_ext.recipes.redraw.settings import person_strength
from facechain_ext.recipes.regions import placed_person
from facechain_ext.recipes.template import read_template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from facechain_ext.identity import Identity
    from facechain_ext.jobs.job_request import JobRequest
    from facechain_ext.jobs.worker_types import Sources, WorkerHost
    from facechain_ext.recipes.garment.recipe import GarmentResult

    NamedIdentities = Sequence[tuple[str, Identity]]
    """The label for infotexts and the identity of everybody in a request."""
    Progress = Callable[[int, int], bool]
    Work = Callable[[JobRequest, WorkerHost, Sources, NamedIdentities, Progress], RequestResult]


def make_drawing(
    job_request: JobRequest, host: WorkerHost, sources: Sources, named: NamedIdentities, progress: Progress
) -> RequestResult:
    """The drawing of a request's picture, with its people, else those of the picture itself."""
    capabilities = host.capabilities()
    require_ready(capabilities.needed)
    settings = job_request.drawing.suited_to(capabilities.defaults, steps_given=job_request.steps_given)
    image = read_template(sources.picture(job_request.template), name="the picture")
    strength, notes = person_strength(settings), tuple[str, ...]()
    if named:
        pairs = zip(named, job_request.people, strict=True)
        people = [placed_person(identity, prompt, strength) for (_, identity), prompt in pairs]
    else:
        own, left = people_of_picture(image, host.encoder())
        people, notes = [Person(identity, strength) for identity in own], tuple(left)
    scorer = host.likeness_scorer()

    def work() -> RequestResult:
        result = redraw(
            image, people, settings, host=host, scorer=scorer, lora_folders=host.lora_folders(), progress=progress
        )
        cosine = None if result.likeness is None else result.likeness.cosine
        content = result.image.labelled(result.image.pixels, result.infotext)
        made = MadePicture(content, result.infotext, result.seed, cosine)
        return RequestResult((made,), (*notes, *result.notes), result.stopped, (*notes, *result.left_out))

    return host.queued(work)()


def make_garment(
    job_request: JobRequest, host: WorkerHost, sources: Sources, named: NamedIdentities, progress: Progress
) -> RequestResult:
    """The picture of a request's garment: kept, or put on the person of the picture."""
    capabilities = host.capabilities()
    require_ready(capabilities.needed)
    settings = job_request.dressing.suited_to(
        capabilities.defaults, capabilities.ready_controls, steps_given=job_request.steps_given
    )
    image = read_template(sources.picture(job_request.template), name="the picture")
    if job_request.mask:
        mask = read_mask(sources.picture(job_request.mask), image.pixels)
    else:
        mask = mark_garment(image.pixels, *job_request.points)
    garment = read_template(sources.picture(job_request.garment), name="the garment") if job_request.garment else None
    pose = faces.read_picture(sources.picture(job_request.pose)).pixels if job_request.pose else None

    def dress() -> GarmentResult:
        if garment is not None:
            return wear_garment(image, mask, garment, settings, host=host, progress=progress)
        label, identity = named[0]
        person = placed_person(identity, job_request.people[0], settings.strength)
        return keep_garment(
            image, mask, person, settings, host=host, label=label, progress=progress,
            pose=None if pose is None else Image.fromarray(pose),
        )  # fmt: skip

    def work() -> RequestResult:
        result = dress()
        made = MadePicture(image.labelled(result.pixels, result.infotext), result.infotext, result.seed)
        return RequestResult((made,), result.notes, result.stopped, result.left_out)

    return host.queued(work)()


PICTURE_RECIPES: Mapping[str, Work] = {"redraw": make_drawing, "garment": make_garment}
"""Recipe -> its work."""
