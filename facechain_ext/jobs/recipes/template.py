"""Requests of people in a template: in a picture, or in a scene that is drawn from words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from facechain_ext.errors import InputError
from facechain_ext.jobs.recipes.painting import finished, names_steps, suited
from facechain_ext.jobs.recipes.recipe import Recipe, RequestSummary
from facechain_ext.jobs.request_values import read_flag, read_judge, read_settings, read_template_settings, read_text
from facechain_ext.recipes.template import find_template_faces, make, make_from_words, read_template
from facechain_ext.recipes.template.actions import card_source, parse_face_choices, photo_source, resolve_actions
from facechain_ext.recipes.template.infotext import scene_infotext, template_infotext
from facechain_ext.recipes.template.qualities import chooses_by_likeness, paints
from facechain_ext.recipes.template.scene import SCENE_SETTINGS, Scene, check_scene
from facechain_ext.recipes.tools import retouching

if TYPE_CHECKING:
    from collections.abc import Mapping

    from facechain_ext.jobs.recipes.recipe import RecipeContext
    from facechain_ext.jobs.worker_types import RequestResult
    from facechain_ext.recipes.template import FaceSource, Settings
    from facechain_ext.recipes.template.actions import FaceChoice

_KEYS = frozenset({"template", "scene", "faces", "hair", "retouch", "judge", "settings"})

SCENE_TEXTS = ("words", "negative_prompt", "lora")
"""Texts of a scene; its pose is a picture and read apart."""


@dataclass(frozen=True)
class TemplateFacts:
    """People in the faces of the picture ``template``, or of a ``scene`` whose pose is the picture ``pose``.

    ``faces`` is the number of a face, from the left -> what it becomes.
    """

    settings: Settings
    faces: Mapping[int, FaceChoice] = field(repr=False)
    template: str = field(default="", repr=False)
    scene: Scene | None = None
    pose: str = field(default="", repr=False)
    hair: bool = False
    retouch: bool = False
    judge: str = ""
    steps_given: bool = False
    """Whether the request names steps of its own."""

    def summary(self) -> RequestSummary:
        """Template or words, who is put in, and seed."""
        choices = self.faces.values()
        who = ", ".join(Path(choice.reference).stem if choice.reference else choice.kind for choice in choices)
        shown = Path(self.template).stem if self.scene is None else self.scene.words[:30]
        sent = bool(self.template) + sum(choice.kind == "photo" for choice in choices)
        return RequestSummary(f"{shown}, {who}, seed {self.settings.seed}", sent)


def _parse(values: dict[str, object]) -> TemplateFacts:
    template = read_text(values, "template", limit=None)
    scene, pose = _read_scene(values)
    if bool(template) == (scene is not None):
        raise InputError("FaceChain: a template is a picture, or a scene that says in words what one shows.")
    chosen = values.get("faces")
    if not isinstance(chosen, dict) or not chosen:
        raise InputError('FaceChain: faces says who goes where, as in {"1": {"card": "Anna"}, "2": "pixelate"}.')
    return TemplateFacts(
        faces=parse_face_choices(chosen.items()),
        hair=read_flag(values, "hair"),
        retouch=read_flag(values, "retouch"),
        judge=read_judge(values),
        settings=read_template_settings(values.get("settings", {})),
        template=template,
        scene=scene,
        pose=pose,
        steps_given=names_steps(values),
    )


def _read_scene(values: Mapping[str, object]) -> tuple[Scene | None, str]:
    """The scene of a request without its pose, None without it, and the reference of the pose's picture.

    Raises InputError that names the first thing that is wrong.
    """
    given = values.get("scene")
    if given is None:
        return None, ""
    if not isinstance(given, dict):
        raise InputError('FaceChain: scene is an object, as in {"words": "a knight before a castle"}.')
    found = {name: one for name, one in given.items() if name != "pose"}
    scene = Scene(**{"words": "", **read_settings(found, SCENE_SETTINGS, SCENE_TEXTS)})
    check_scene(scene)
    return scene, read_text(given, "pose", limit=None)


def _run(facts: TemplateFacts, context: RecipeContext) -> RequestResult:
    host, settings = context.host, facts.settings
    painted = paints(settings)
    actions, refused = resolve_actions(facts.faces, lambda choice: _source(choice, context, paint=painted))
    context.check_left_out(refused)
    capabilities = host.capabilities() if painted or facts.scene is not None else None
    if capabilities is not None:
        settings = suited(settings, capabilities, steps_given=facts.steps_given, need_person=painted)
    scorer = host.likeness_scorer(facts.judge) if chooses_by_likeness(settings) else None
    tools = [retouching()] if facts.retouch else []
    hair, names = facts.hair and painted, [tool.name for tool in tools]
    if facts.scene is not None and capabilities is not None:
        pose = Image.fromarray(context.picture(facts.pose).pixels) if facts.pose else None
        scene = replace(facts.scene.suited_to(capabilities.defaults), pose=pose)

        def draw() -> RequestResult:
            made = make_from_words(
                scene, actions, settings, host=host, hair=hair, scorer=scorer, tools=tools, progress=context.progress
            )
            text = scene_infotext(made, actions, hair=hair, tools=names)
            return finished(made.template, made.result, text, settings, host, refused)

        return host.queued(draw)()
    image = read_template(context.sources.picture(facts.template), name="the template")
    targets = find_template_faces(image.pixels, hair=hair)

    def work() -> RequestResult:
        result = make(
            image, actions, settings, host=host if painted else None, targets=targets, scorer=scorer, tools=tools,
            progress=context.progress,
        )  # fmt: skip
        text = template_infotext(image, actions, settings, hair=hair, tools=names, host_text=result.infotext)
        return finished(image, result, text, settings, host, refused, faces=len(targets))

    return host.queued(work)() if painted else work()


def _source(choice: FaceChoice, context: RecipeContext, *, paint: bool) -> FaceSource:
    if choice.kind == "card":
        return card_source(*context.sources.card(choice.reference))
    return photo_source(context.picture(choice.reference), context.host.encoder() if paint else None)


TEMPLATE = Recipe(_KEYS, frozenset({"template", "photo", "card", "pose"}), _parse, _run)
"""People in a template."""
