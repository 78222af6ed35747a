"""The worker: makes the pictures of a request on any host, one request at a time."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PIL import Image

from facechain_ext import faces
from facechain_ext.identity import Identity
from facechain_ext.identity.photo_judge import photo_judge
from facechain_ext.jobs.picture_recipes import PICTURE_RECIPES
from facechain_ext.jobs.worker_types import MadePicture, RequestResult
from facechain_ext.recipes.detail import repair_faces
from facechain_ext.recipes.finishing import PortraitFinisher
from facechain_ext.recipes.framing import FULL_BODY, framing_settings, full_body_controls
from facechain_ext.recipes.job import Hires
from facechain_ext.recipes.labelling import encode_png
from facechain_ext.recipes.readiness import require_ready
from facechain_ext.recipes.regions import placed_person
from facechain_ext.recipes.style import make as make_portraits
from facechain_ext.recipes.style import plan
from facechain_ext.recipes.template import find_template_faces, make, make_from_words, read_template
from facechain_ext.recipes.template.actions import card_source, photo_source, resolve_actions
from facechain_ext.recipes.template.infotext import scene_infotext, template_infotext
from facechain_ext.recipes.template.qualities import chooses_by_likeness, paints
from facechain_ext.recipes.tools import fusion, retouching
from facechain_ext.storage.lru_cache import LRUCache
from facechain_ext.styles import find_style

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from facechain_ext.jobs.job_request import JobRequest
    from facechain_ext.jobs.worker_types import Sources, WorkerHost
    from facechain_ext.recipes.readiness import DrawingDefaults
    from facechain_ext.recipes.style_settings import Settings
    from facechain_ext.recipes.template import FaceSource, Scene, TemplateResult
    from facechain_ext.recipes.template import Settings as TemplateSettings
    from facechain_ext.recipes.template.actions import FaceChoice
    from facechain_ext.recipes.template.image import TemplateImage

_KEPT_PEOPLE = 64
"""Identities that stay in memory: each has 300 kB of tokens a photo."""


class RequestWorker:
    """Makes requests on ``host``; people and their identities are kept for the requests that follow."""

    def __init__(self, host: WorkerHost, sources: Sources) -> None:
        self._host, self._sources = host, sources
        self._people: LRUCache[Identity] = LRUCache(_KEPT_PEOPLE)

    def make(self, job_request: JobRequest, progress: Callable[[int, int], bool] | None = None) -> RequestResult:
        """Make the pictures of ``job_request``.

        ``progress(step, steps)`` ends the work when it returns False; what is finished is returned. Raises
        FaceChainError when the request cannot be done.
        """
        go_on = progress or (lambda _step, _steps: True)
        own = {"portrait": self._portrait, "template": self._template, "detail": self._detail}.get(job_request.recipe)
        if own is not None:
            return own(job_request, go_on)
        if job_request.talk is not None or job_request.clip is not None:
            from facechain_ext.jobs.moving_recipes import make_moving  # noqa: PLC0415 - seldom used

            return make_moving(job_request, self._host, self._sources, go_on)
        make_it = PICTURE_RECIPES[job_request.recipe]
        return make_it(job_request, self._host, self._sources, self._identities(job_request), go_on)

    def _portrait(self, job_request: JobRequest, progress: Callable[[int, int], bool]) -> RequestResult:
        capabilities = self._host.capabilities()
        require_ready(capabilities.needed)
        person, fitted = self._person(job_request), _fitted(job_request, capabilities.defaults)
        job, notes = plan(
            person,
            find_style(job_request.style) if job_request.style else None,
            fitted,
            subject=job_request.subject,
            suits=job_request.suits,
            prompt=job_request.prompt,
            negative_prompt=job_request.negative_prompt,
            lora_folders=self._host.lora_folders(),
        )
        controls = full_body_controls(fitted, capabilities.ready_controls)
        job = replace(job, method_settings=job_request.method_settings, controls=controls)
        tools = [*([fusion()] if job_request.fuse else []), *([retouching()] if job_request.retouch else [])]
        photo = self._first_photo(job_request) if job_request.fuse and job_request.photos else None
        scorer = self._host.likeness_scorer()
        sides = capabilities.defaults.painted
        finisher = PortraitFinisher(self._host, fitted, sides, scorer) if fitted.finishes else None

        def work() -> RequestResult:
            result = make_portraits(
                self._host, job, keep=job_request.portrait.keep, early=job_request.portrait.early,
                scorer=scorer, photo=photo, tools=tools, notes=[*notes, *person.notes],
                finisher=finisher, progress=progress,
            )  # fmt: skip
            judge = photo_judge()
            reference = []
            if judge is not None:
                photos = [faces.read_picture(self._sources.picture(str(one))).pixels for one in job_request.photos]
                reference = judge.reference(person, photos, job_request.face)
            made = tuple(
                MadePicture(
                    encode_png(one.portrait.picture, one.portrait.infotext),
                    one.portrait.infotext,
                    one.portrait.seed,
                    one.likeness.cosine if one.likeness is not None else None,
                    judge.check(one.portrait.picture, reference) if judge is not None else None,
                )
                for one in result.pictures
            )
            said = [*result.notes, *(note for one in result.pictures for note in one.notes)]
            wanted = job_request.portrait.keep or job_request.count
            return RequestResult(made, tuple(dict.fromkeys(said)), stopped=len(made) < wanted)

        return self._host.queued(work)()

    def _template(self, job_request: JobRequest, progress: Callable[[int, int], bool]) -> RequestResult:
        settings = job_request.painting
        painted = paints(settings)
        actions, refused = resolve_actions(job_request.faces, lambda choice: self._face(choice, paint=painted))
        if painted or job_request.scene is not None:
            settings = self._painting(job_request, need_person=painted)
        scorer = self._host.likeness_scorer() if chooses_by_likeness(settings) else None
        tools = [retouching()] if job_request.retouch else []
        hair, names = job_request.hair and painted, [tool.name for tool in tools]
        if job_request.scene is not None:
            scene = self._scene(job_request.scene, job_request.pose)

            def draw() -> RequestResult:
                made = make_from_words(
                    scene, actions, settings, host=self._host, hair=hair, scorer=scorer, tools=tools, progress=progress
                )
                text = scene_infotext(made, actions, hair=hair, tools=names)
                return _finished_template(made.template, made.result, text, settings.seed, refused)

            return self._host.queued(draw)()
        image = read_template(self._sources.picture(job_request.template), name="the template")
        targets = find_template_faces(image.pixels, hair=hair)

        def work() -> RequestResult:
            result = make(
                image, actions, settings, host=self._host if painted else None, targets=targets, scorer=scorer,
                tools=tools, progress=progress,
            )  # fmt: skip
            text = template_infotext(image, actions, settings, hair=hair, tools=names, host_text=result.infotext)
            return _finished_template(image, result, text, settings.seed, refused)

        return self._host.queued(work)() if painted else work()

    def _scene(self, scene: Scene, pose: str) -> Scene:
        """A request's scene with the picture of its pose, at the size that suits the checkpoint."""
        picture = Image.fromarray(faces.read_picture(self._sources.picture(pose)).pixels) if pose else None
        return replace(scene.suited_to(self._host.capabilities().defaults), pose=picture)

    def _detail(self, job_request: JobRequest, progress: Callable[[int, int], bool]) -> RequestResult:
        settings = self._painting(job_request)
        image = read_template(self._sources.picture(job_request.template), name="the picture")
        named = self._identities(job_request)
        people = [
            placed_person(identity, person, settings.strength)
            for (_, identity), person in zip(named, job_request.people, strict=True)
        ]
        labels = [label for label, _ in named]
        scorer = self._host.likeness_scorer()

        def work() -> RequestResult:
            result, actions = repair_faces(
                image, people, settings, host=self._host, labels=labels, scorer=scorer, progress=progress
            )
            text = template_infotext(image, actions, settings, host_text=result.infotext)
            return _finished_template(image, result, text, settings.seed)

        return self._host.queued(work)()

    def _identities(self, job_request: JobRequest) -> list[tuple[str, Identity]]:
        """The label for infotexts and the identity of everybody in a request."""
        found = []
        for person in job_request.people:
            name, identity = self._sources.card(person.card) if person.card else ("", self._encoded(person.photos))
            found.append((f"card {name}" if name else "", identity))
        return found

    def _painting(self, job_request: JobRequest, *, need_person: bool = True) -> TemplateSettings:
        """The request's settings for painting, suited to the checkpoint where it names none of its own.

        Raises WeightsError when something is missing that painting a person needs; a scene alone needs no person.
        """
        capabilities = self._host.capabilities()
        if need_person:
            require_ready(capabilities.needed)
        return job_request.painting.suited_to(
            capabilities.defaults, capabilities.ready_controls, steps_given=job_request.steps_given
        )

    def _person(self, job_request: JobRequest) -> Identity:
        """The identity of a request's card or photos."""
        return (
            self._sources.card(job_request.card)[1]
            if job_request.card
            else self._encoded(job_request.photos, job_request.face)
        )

    def _encoded(self, photos: Sequence[object], face: int = 0) -> Identity:
        """The identity in photos, encoded once for all requests with the same."""
        contents = [self._sources.picture(str(photo)) for photo in photos]
        key = (tuple(hashlib.sha256(content).hexdigest() for content in contents), face)
        found = self._people.get(key)
        if found is None:
            found = Identity.from_photos(contents, self._host.encoder(), face=face or None)
            self._people.put(key, found)
        return found

    def _face(self, choice: FaceChoice, *, paint: bool) -> FaceSource:
        if choice.kind == "card":
            return card_source(*self._sources.card(choice.reference))
        photo = faces.read_picture(self._sources.picture(choice.reference))
        return photo_source(photo, self._host.encoder() if paint else None)

    def _first_photo(self, job_request: JobRequest) -> Image.Image:
        return Image.fromarray(faces.read_picture(self._sources.picture(job_request.photos[0])).pixels)


def _fitted(job_request: JobRequest, defaults: DrawingDefaults) -> Settings:
    """A portrait's settings, with sizes and steps that suit a small checkpoint where the request names none."""
    own, given = job_request.portrait, job_request.values.get("settings") or {}
    assert isinstance(given, dict)
    if own.framing == FULL_BODY:
        return _framed(own, given, defaults)
    if not defaults.words:
        return own
    return replace(
        own,
        width=own.width if "width" in given else defaults.width,
        height=own.height if "height" in given else defaults.height,
        steps=own.steps if "steps" in given else defaults.steps,
    )


def _framed(own: Settings, given: Mapping[str, Any], defaults: DrawingDefaults) -> Settings:
    """The settings of a full body, but for those that the request names."""
    framed = {**framing_settings(own.framing, defaults), "steps": defaults.suited_steps(own.steps)}
    usual = {"scale": framed.pop("hires_scale"), "denoise": framed.pop("hires_denoise")}
    named = {name.removeprefix("hires_"): value for name, value in given.items() if name.startswith("hires_")}
    hires = Hires(**{**usual, **named}) if framed.pop("hires") and own.hires is None else own.hires
    return replace(own, **{name: value for name, value in framed.items() if name not in given}, hires=hires)


def _finished_template(
    image: TemplateImage, result: TemplateResult, infotext: str, seed: int, refused: Sequence[str] = ()
) -> RequestResult:
    content = image.labelled(result.pixels, infotext)
    notes = tuple(dict.fromkeys((*refused, *result.left_out, *result.notes)))
    left_out = (*refused, *result.left_out)
    return RequestResult((MadePicture(content, infotext, seed),), notes, result.stopped, left_out)
