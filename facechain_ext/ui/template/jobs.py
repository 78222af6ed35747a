"""Template jobs: from the page's values to a finished template, independent of gradio."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from facechain_ext import faces
from facechain_ext.errors import Cancelled, FaceChainError, InputError, PhotoError
from facechain_ext.identity.library import CardLibrary
from facechain_ext.recipes.finishing import enlarge_result
from facechain_ext.recipes.job import Portrait
from facechain_ext.recipes.labelling import label_image, mark_pixels
from facechain_ext.recipes.readiness import require_ready
from facechain_ext.recipes.shared_progress import host_progress
from facechain_ext.recipes.template import (
    FaceSource,
    Settings,
    find_template_faces,
    make,
    make_from_words,
    read_template,
)
from facechain_ext.recipes.template.actions import card_source, parse_face_choices, photo_source, resolve_actions
from facechain_ext.recipes.template.infotext import scene_infotext, template_infotext
from facechain_ext.recipes.template.qualities import chooses_by_likeness, find_quality, paints
from facechain_ext.recipes.tools import retouching
from facechain_ext.ui.background_task import ReportProgress, partial_progress
from facechain_ext.ui.portrait.result import resolve_seed
from facechain_ext.ui.template.choices import KEEP
from facechain_ext.ui.template.finished import FinishedTemplate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from facechain_ext.recipes.style import FaceTool
    from facechain_ext.recipes.template import Scene, TemplateFace, TemplateImage, TemplateResult
    from facechain_ext.recipes.template.actions import FaceChoice
    from facechain_ext.recipes.template.settings import FaceAction
    from facechain_ext.ui.host import HostCapabilities, PageHost


@dataclass(frozen=True)
class StudioSettings:
    """The quality studio's: a preset, the stages as a text ("" for the preset's own), ratios, and an upscaler."""

    studio_preset: str = Settings.studio_preset
    studio_stages: str = ""
    studio_makeup: float = Settings.studio_makeup
    studio_upscale: float = Settings.studio_upscale
    upscaler: str = ""


@dataclass(frozen=True)
class TemplateRequest:
    """One template to generate: its file, the choice for each face from the left, and the settings.

    ``batch_choice`` is a choice for the face ``batch_face`` (0: the largest) that replaces the one in ``choices``.
    ``restorer`` is a name of ``HostCapabilities.restorers`` or nothing. ``scene`` is drawn instead of the file.
    """

    template: Path
    choices: tuple[str, ...]
    photos: Mapping[str, Path]
    quality: str = Settings.quality
    prompt: str = ""
    denoise: float = Settings.denoise
    strength: float = Settings.strength
    steps: int = Settings.steps
    seed: int = -1
    growth: float = Settings.growth
    hair: bool = False
    count: int = Settings.count
    fuse: bool = Settings.fuse
    template_complexion: bool = Settings.template_complexion
    template_expression: bool = Settings.template_expression
    template_gaze: bool = Settings.template_gaze
    retouch: bool = False
    restorer: str = ""
    scene: Scene | None = None
    studio: StudioSettings = field(default_factory=StudioSettings)
    batch_choice: str = ""
    batch_face: int = 0
    method: str = Settings.method
    enlarge: int = Settings.enlarge
    enlarge_by: str = Settings.enlarge_by


def unavailable_controls(capabilities: HostCapabilities, quality: str) -> list[str]:
    """Why kinds of ControlNet that a quality uses are unavailable; empty when all are available or none is used."""
    kinds = find_quality(quality).controls
    return list(dict.fromkeys(reason for kind in kinds if (reason := capabilities.unavailable_reason(kind))))


def generate_template(host: PageHost, request: TemplateRequest, report: ReportProgress) -> FinishedTemplate:
    """Generate and save one template; raises FaceChainError, and nothing is written then."""
    capabilities = host.capabilities()
    settings = _settings(request, capabilities)
    if paints(settings):
        require_ready(capabilities.needed)
    if request.scene is not None:
        return _generate_scene(host, request, request.scene, settings, report)
    image = read_template(request.template)
    hair = request.hair and paints(settings)
    template_faces = find_template_faces(image.pixels, hair=hair)
    choices_by_face = {
        n: choice for n, choice in enumerate(request.choices[: len(template_faces)], 1) if choice and choice != KEEP
    }
    if request.batch_choice:
        choices_by_face[request.batch_face or _largest_face_number(template_faces)] = request.batch_choice
    if not choices_by_face:
        raise PhotoError("Every face is kept; choose somebody for one of them.")
    actions, refused = _actions(host, request, choices_by_face)
    scorer = host.likeness_scorer() if chooses_by_likeness(settings) else None
    tools = _face_tools(request, capabilities.restorers)

    def run_recipe() -> TemplateResult:
        painting_host = host if paints(settings) else None
        return make(
            image,
            actions,
            settings,
            host=painting_host,
            targets=template_faces,
            scorer=scorer,
            tools=tools,
            progress=host_progress(host, report),
        )

    result = host.queued(run_recipe)() if paints(settings) else run_recipe()
    names = [tool.name for tool in tools]
    text = template_infotext(image, actions, settings, hair=hair, tools=names, host_text=result.infotext)
    notes = (*refused, *unavailable_controls(capabilities, settings.quality))
    return _saved(host, request, *enlarge_result(host, image, result, settings), text, settings.seed, notes)


def _generate_scene(
    host: PageHost, request: TemplateRequest, scene: Scene, settings: Settings, report: ReportProgress
) -> FinishedTemplate:
    """Draw a template from words, put people into it, and save it."""
    capabilities = host.capabilities()
    scene = scene.suited_to(capabilities.defaults)
    actions, refused = _actions(host, request, dict(enumerate(request.choices, 1)))
    hair, tools = request.hair and paints(settings), _face_tools(request, capabilities.restorers)
    scorer = host.likeness_scorer() if chooses_by_likeness(settings) else None
    made = host.queued(
        lambda: make_from_words(
            scene,
            actions,
            settings,
            host=host,
            hair=hair,
            scorer=scorer,
            tools=tools,
            progress=host_progress(host, report),
        )
    )()
    text = scene_infotext(made, actions, hair=hair, tools=[tool.name for tool in tools])
    notes = (*refused, *unavailable_controls(capabilities, settings.quality))
    large = enlarge_result(host, made.template, made.result, settings)
    saved = _saved(host, request, *large, text, made.settings.seed, notes)
    return replace(saved, before=made.template.pixels)


def _actions(
    host: PageHost, request: TemplateRequest, choices: Mapping[int, str]
) -> tuple[dict[int, FaceAction], list[str]]:
    """What happens to each face, and a sentence for each whose person cannot be used."""
    return resolve_actions(parse_face_choices(choices.items()), lambda choice: load_source(host, request, choice))


def _saved(
    host: PageHost,
    request: TemplateRequest,
    image: TemplateImage,
    result: TemplateResult,
    text: str,
    seed: int,
    notes: tuple[str, ...],
) -> FinishedTemplate:
    """A finished template with its settings in the picture, saved where the host keeps its own."""
    pixels = mark_pixels(result.pixels, text)
    picture = image.picture(pixels)
    picture.info["parameters"] = text  # a download from the page keeps it
    label_image(picture, text, [image.marks])
    portrait = Portrait(picture, seed, text, result.notes)
    path = host.save(portrait, stem="template", exact=lambda inside: image.encoded(pixels, inside))
    return FinishedTemplate(
        request.template,
        "" if path is None else path.name,
        picture,
        request.batch_choice,
        text,
        (*notes, *result.notes),
        result.stopped,
        result.doubtful,
    )


def _settings(request: TemplateRequest, capabilities: HostCapabilities) -> Settings:
    return Settings(
        quality=request.quality,
        denoise=request.denoise,
        strength=request.strength,
        steps=request.steps,
        seed=resolve_seed(request.seed),
        growth=request.growth,
        count=request.count,
        fuse=request.fuse,
        method=request.method,
        template_complexion=request.template_complexion,
        template_expression=request.template_expression,
        template_gaze=request.template_gaze,
        enlarge=request.enlarge,
        enlarge_by=request.enlarge_by,
        **asdict(request.studio),
        controls=capabilities.ready_controls,
        sides=capabilities.defaults.painted,
        prompt=request.prompt.strip() or Settings().prompt,
    )


def generate_batch(
    host: PageHost, requests: Sequence[TemplateRequest], report: ReportProgress
) -> tuple[list[FinishedTemplate], list[str]]:
    """Generate several templates; a failure is noted and the rest continues, until the batch is stopped."""
    results: list[FinishedTemplate] = []
    notes: list[str] = []
    for number, request in enumerate(requests):
        if not report(number, len(requests)):
            notes.append(_stopped_note(number, len(requests)))
            break
        try:
            finished = generate_template(host, request, partial_progress(report, number, len(requests)))
        except Cancelled as error:
            notes.append(_stopped_note(number, len(requests)) if len(requests) > 1 else str(error))
            break
        except FaceChainError as error:
            notes.append(f"{_request_label(request)}: {error}")
            continue
        results.append(finished)
        notes += [f"{_request_label(request)}: {line}" for line in finished.notes]
        if finished.stopped and number + 1 < len(requests):
            notes.append(_stopped_note(number + 1, len(requests)))
            break
    return results, notes


def _stopped_note(number: int, count: int) -> str:
    return f"Stopped after {number} of {count} templates."


def requests_per_choice(
    requests: Sequence[TemplateRequest], choices: Sequence[str], face: int
) -> list[TemplateRequest]:
    """One request for each pair of request and choice, template by template; unchanged without ``choices``."""
    if not choices:
        return list(requests)
    return [
        replace(request, batch_choice=batch_choice, batch_face=face) for request in requests for batch_choice in choices
    ]


def _request_label(request: TemplateRequest) -> str:
    return f"{request.template.name}, {request.batch_choice}" if request.batch_choice else request.template.name


def _largest_face_number(template_faces: Sequence[TemplateFace]) -> int:
    return max(template_faces, key=lambda one: one.face.area).number


def _face_tools(request: TemplateRequest, restorers: Mapping[str, FaceTool]) -> list[FaceTool]:
    tools = [retouching()] if request.retouch else []
    if request.restorer:
        if request.restorer not in restorers:
            raise InputError(f"There is no face restorer called {request.restorer} here.")
        tools.append(restorers[request.restorer])
    return tools


def load_source(host: PageHost, request: TemplateRequest, choice: FaceChoice) -> FaceSource:
    """The person of a card or an uploaded photo; raises PhotoError or WeightsError where there is none."""
    if choice.kind == "card":
        return card_source(choice.reference, CardLibrary().load(choice.reference))
    path = request.photos.get(choice.reference)
    if path is None:
        raise PhotoError(f"There is no photo called {choice.reference[:60]}; choose again for this face.")
    return photo_source(faces.read_picture(path), host.encoder() if find_quality(request.quality).paints else None)
