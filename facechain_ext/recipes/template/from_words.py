"""Text to template: the host draws a scene of words, and its faces become people in the same run."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from facechain_ext import faces
from facechain_ext.errors import Cancelled, HostError, PhotoError
from facechain_ext.recipes.shared_progress import SharedProgress
from facechain_ext.recipes.template.faces import TemplateFace, find_template_faces
from facechain_ext.recipes.template.image import TemplateImage, image_of_pixels
from facechain_ext.recipes.template.qualities import find_quality, paints
from facechain_ext.recipes.template.recipe import TemplateResult, make
from facechain_ext.recipes.template.scene import Scene, check_scene
from facechain_ext.recipes.template.settings import FaceSource, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from facechain_ext.faces.types import Detector, HeadMasker
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.host import Host
    from facechain_ext.recipes.style import FaceTool
    from facechain_ext.recipes.template.settings import FaceAction

log = logging.getLogger(__name__)

NAME = "scene.png"
"""What the drawn template is called in notes and infotexts."""


@dataclass(frozen=True, eq=False)
class SceneResult:
    """The drawn template, the scene and the ``seed`` that drew it, its faces, and what became of it.

    ``settings`` are those with which its faces were made: the scene's words are the prompt where none was given.
    """

    template: TemplateImage
    scene: Scene
    seed: int
    targets: list[TemplateFace]
    settings: Settings
    result: TemplateResult


def make_from_words(
    scene: Scene,
    actions: Mapping[int, FaceAction],
    settings: Settings | None = None,
    *,
    host: Host,
    hair: bool = False,
    detector: Detector | None = None,
    masker: HeadMasker | None = None,
    scorer: LikenessScorer | None = None,
    tools: Sequence[FaceTool] = (),
    progress: Callable[[int, int], bool] | None = None,
) -> SceneResult:
    """Have ``host`` draw ``scene``, and apply ``actions`` to its faces as ``make`` does to a given template's.

    A picture with fewer faces than the actions name is drawn again with the next seed, ``scene.tries`` times at most;
    then PhotoError says what was found. ``progress`` counts drawing and faces once; a further try does not move it
    back. Raises InputError for a scene that cannot be drawn, HostError as the host does and for a pose without
    ControlNet, Cancelled when it was stopped before a face was finished.
    """
    settings = settings or Settings()
    check_scene(scene)
    if scene.pose is not None and "openpose" not in settings.controls:
        raise HostError(
            "The pose picture cannot be used: there is no ControlNet for openpose here. Leave the pose out."
        )
    if settings.prompt == Settings.prompt:
        settings = replace(settings, prompt=face_prompt(scene))
    detector, masker = detector or faces.detector(), masker or faces.head_masker()
    people = sum(isinstance(action, FaceSource) for action in actions.values())
    weight = people * find_quality(settings.quality).progress_steps(settings) if paints(settings) else max(people, 1)
    shared = SharedProgress([settings.steps, weight], progress)
    wanted = max((number for number, action in actions.items() if action != "keep"), default=1)
    drawn, seed, targets, text = _draw(scene, settings, host, wanted, (detector, masker), shared, hair=hair)
    result = make(
        drawn, actions, settings, host=host if paints(settings) else None, targets=targets, detector=detector,
        masker=masker, scorer=scorer, tools=tools, progress=shared.part(1),
    )  # fmt: skip
    if not result.stopped:
        shared.finish()
    if seed != settings.seed:
        note = f"The scene is of seed {seed}: pictures of the seeds before it showed too few faces."
        result = replace(result, notes=(note, *result.notes))
    return SceneResult(drawn, scene, seed, targets, settings, replace(result, infotext=result.infotext or text))


def face_prompt(scene: Scene) -> str:
    """The prompt of a scene's faces: its words, as a drawn face belongs into a drawn scene, as a close view."""
    return f"high detail face, {scene.words}"


def _draw(
    scene: Scene,
    settings: Settings,
    host: Host,
    wanted: int,
    finders: tuple[Detector, HeadMasker],
    shared: SharedProgress,
    *,
    hair: bool,
) -> tuple[TemplateImage, int, list[TemplateFace], str]:
    """The first picture with ``wanted`` faces, its seed, its faces, and the host's infotext."""
    most = 0
    for seed in range(settings.seed, settings.seed + scene.tries):
        made = host.generate(scene.job(settings, seed), progress=shared.part(0))
        if not made or shared.stopped:
            raise Cancelled("It was stopped before the template was drawn; nothing is kept.")
        drawn = image_of_pixels(np.array(made[0].picture.convert("RGB")), NAME)
        try:
            targets = find_template_faces(drawn.pixels, *finders, hair=hair)
        except PhotoError:
            targets = []
        if len(targets) >= wanted:
            return drawn, seed, targets, made[0].infotext
        log.info("seed %d of the scene shows %d faces, %d are wanted", seed, len(targets), wanted)
        most = max(most, len(targets))
    if not most:
        raise PhotoError(
            f"None of {scene.tries} pictures of these words, from seed {settings.seed} on, showed a face. Let the "
            "words say who is seen from the front, or try another seed."
        )
    raise PhotoError(
        f"None of {scene.tries} pictures of these words, from seed {settings.seed} on, showed {wanted} faces; the most "
        f"were {most}. Let the words say how many people are seen from the front, or try another seed."
    )
