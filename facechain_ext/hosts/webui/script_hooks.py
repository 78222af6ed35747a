"""What the script does in a generation, called by the host's hooks in this order."""

from __future__ import annotations

import functools
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from facechain_ext.errors import FaceChainError, PhotoError
from facechain_ext.hosts.webui import (
    accordion,
    animatediff,
    labelling,
    logins,
    method_lora,
    person_prompts,
    settings,
    xyz,
)
from facechain_ext.hosts.webui.face_run import FaceRun
from facechain_ext.hosts.webui.host_model import loaded_model
from facechain_ext.hosts.webui.messages import unexpected, warn, without_our_name
from facechain_ext.hosts.webui.people import resolve_people
from facechain_ext.hosts.webui.recipe_progress import reserve_repairs
from facechain_ext.hosts.webui.strict_answers import REFUSED_LABEL
from facechain_ext.hosts.webui.tab_request import tab_request_of
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.methods.registry import choice_remark, choose_method
from facechain_ext.recipes.arguments import IDENTITY_LABEL, OFF_LABEL, FaceArguments
from facechain_ext.recipes.infotext import format_identities
from facechain_ext.recipes.portrait_settings import PREFIX
from facechain_ext.storage.owner import acting_as

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facechain_ext.hosts.webui.host_types import PostprocessedImage, Processed, Processing
    from facechain_ext.recipes.job import Person

log = logging.getLogger(__name__)

NOTES_LABEL = f"{PREFIX} notes"
"""The label in an answer's ``info`` of the notes about what was left out and about doubtful photos."""
_RUN, _NOTES, _TO_REPAIR = "_facechain_run", "_facechain_notes", "_facechain_to_repair"
"""Attributes of a generation: its FaceRun or None, its notes, and the people whose faces are to be repaired."""


def before_process(p: Processing) -> None:
    """Detach what an earlier generation may have left attached."""
    FaceRun.clear()
    person_prompts.PersonPrompts.detach(p)


def process(p: Processing, args: Sequence[object]) -> None:
    """Read the settings, prepare the people, and write both into the infotext."""
    setattr(p, _RUN, None)
    setattr(p, _TO_REPAIR, ())
    try:
        request = tab_request_of(p)
        if request is not None:
            run = request.prepare(p)
        else:
            _remove_labels(p)
            arguments = xyz.apply_axis_values(p, accordion.read(args))
            with acting_as(logins.owner_of(p)):
                run = _prepare(p, arguments) if arguments.enabled else None
    except FaceChainError as error:
        _fail(p, error, strict=_is_strict(args))
        return
    except Exception as error:  # shown to the user, as the host would only log it
        log.exception("the face cannot be put in")
        _fail(p, unexpected(error), strict=_is_strict(args))
        return
    setattr(p, _RUN, run)
    if run is not None:
        run.on_failure = functools.partial(_continue_without, p, strict=_is_strict(args))
        run.attach_prompts(p)


def before_process_batch(p: Processing, args: Sequence[object], prompts: list[str]) -> None:
    """Add the tag of the method's LoRA, and the words that call it, to the coming batch; not to the infotext."""
    run: FaceRun | None = getattr(p, _RUN, None)
    if run is None or run.prepared.lora is None or not prompts:
        return
    try:
        prompts[:] = [run.prepared.lora.with_call(prompt) for prompt in prompts]
        prompts[0] += method_lora.tag(run.prepared.lora)
    except FaceChainError as error:
        _abandon(p, run, error, strict=_is_strict(args))


def process_batch(p: Processing) -> None:
    """Have the face detached when the coming batch ends, whatever ends it."""
    run: FaceRun | None = getattr(p, _RUN, None)
    if run is not None:
        run.detach_after_sampling(p)
        if run.prepared.lora is not None and run.in_hires_pass:
            method_lora.add_to_hires(p, run.prepared.lora)


def process_before_every_sampling(p: Processing, args: Sequence[object]) -> None:
    """Attach the face for the coming pass."""
    run: FaceRun | None = getattr(p, _RUN, None)
    if run is None:
        return
    try:
        run.attach(p)
    except FaceChainError as error:
        _abandon(p, run, error, strict=_is_strict(args))
    except Exception as error:  # shown to the user, as the host would only log it
        log.exception("the face cannot be put in")
        _abandon(p, run, unexpected(error), strict=_is_strict(args))


def postprocess_batch(p: Processing) -> None:
    """Record for the tab whether the picture was sampled to its end."""
    request = tab_request_of(p)
    if request is not None:
        request.end_picture()


def postprocess_image(p: Processing, processed: PostprocessedImage) -> None:
    """Repair the faces where that is switched on, then draw the visible label; the tab does both itself."""
    if tab_request_of(p) is not None:
        return
    people: tuple[Person, ...] = getattr(p, _TO_REPAIR, ())
    if people:
        _repair(p, processed, people)
    labelling.mark_before_saving(p, processed)


def postprocess(p: Processing, processed: Processed | None) -> None:
    """Release the people, and write the notes into the answer but not into the pictures."""
    notes = getattr(p, _NOTES, ())
    if notes and processed is not None:
        processed.extra_generation_params = {**processed.extra_generation_params, NOTES_LABEL: list(notes)}
    if processed is not None and tab_request_of(p) is None:
        labelling.label_results(p, processed)
    run: FaceRun | None = getattr(p, _RUN, None)
    if run is not None:
        run.detach()
        person_prompts.PersonPrompts.detach(p)
        if processed is not None:
            animatediff.label_files(p, processed, run.clip)
        if run.prepared.lora is not None:
            method_lora.remove(run.prepared.lora)
        setattr(p, _RUN, None)


def _prepare(p: Processing, arguments: FaceArguments) -> FaceRun:
    """Resolve the people, load the method's weights, and describe both in the infotext."""
    model = loaded_model(p)
    choose_method(model.family, arguments.method)  # its reasons are known before any photo is read
    resolved = resolve_people(arguments)
    if arguments.strict and resolved.left_out:
        raise PhotoError(" ".join(resolved.left_out))
    people = resolved.people
    method = choose_method(model.family, arguments.method, people=people)
    prepared = method.prepare(people, arguments.of_method(method), model)
    remarks = (
        choice_remark(method.name, model.family, arguments.method),
        *person_prompts.prompt_remarks(p, prepared),
    )
    clip = animatediff.clip_of(p)
    remarks = (*filter(None, remarks), *animatediff.notes(p, clip, arguments))
    _add_notes(p, (*resolved.left_out, *resolved.warnings, *prepared.notes, *remarks))
    to_repair = people if arguments.repair_faces and clip is None else ()
    setattr(p, _TO_REPAIR, to_repair)
    _reserve(p, len(to_repair))
    arguments = replace(arguments, method=prepared.method).with_method_settings(prepared.settings)
    p.extra_generation_params[IDENTITY_LABEL] = format_identities([person.identity for person in people])
    p.extra_generation_params.update(arguments.infotext(prepared.settings) | settings.speedups_infotext())
    return FaceRun(prepared, hires=arguments.hires, clip=clip)


def _add_notes(p: Processing, notes: Sequence[str]) -> None:
    """Show sentences on the page and in the log, and keep them for the answer."""
    setattr(p, _NOTES, (*getattr(p, _NOTES, ()), *notes))
    for note in notes:
        log.warning("%s", note)
        p.comment(f"FaceChain: {without_our_name(note)}")


def _repair(p: Processing, processed: PostprocessedImage, people: tuple[Person, ...]) -> None:
    """Repair the faces of a picture; one that cannot be repaired stays as it is, with the reason among the notes."""
    from facechain_ext.hosts.webui.face_repair import repair

    try:
        run: FaceRun | None = getattr(p, _RUN, None)
        notes = repair(p, processed, people, AUTOMATIC if run is None else run.prepared.method)
    except FaceChainError as error:
        notes = [f"The faces are not repaired: {without_our_name(str(error))}"]
    except Exception as error:  # shown to the user, as the host would only log it
        log.exception("the faces cannot be repaired")
        notes = [f"The faces are not repaired: {unexpected(error)}"]
    _add_notes(p, notes)


def _reserve(p: Processing, people: int) -> None:
    from modules import shared

    if people:
        reserve_repairs(p, shared.state, people)


def _is_strict(args: Sequence[object]) -> bool:
    """Whether a request of the API is to be refused rather than fulfilled without the face."""
    return bool(args) and isinstance(args[0], dict) and args[0].get("strict") is True


def _continue_without(p: Processing, error: FaceChainError, *, strict: bool) -> None:
    """Continue a picture that is being sampled without the face; the tab shows the reason beside it."""
    setattr(p, _RUN, None)
    _switch_off(p, str(error), strict=strict)
    request = tab_request_of(p)
    if request is not None:
        request.notes.append(f"A picture was made without the face: {without_our_name(str(error))}")


def _abandon(p: Processing, run: FaceRun, error: FaceChainError, *, strict: bool) -> None:
    """Detach a run that could not be attached, and ``_fail``."""
    run.detach()
    person_prompts.PersonPrompts.detach(p)
    setattr(p, _RUN, None)
    _fail(p, error, strict=strict)


def _fail(p: Processing, error: FaceChainError, *, strict: bool) -> None:
    """Stop a generation of the tab or of a strict request; any other continues without the face."""
    request = tab_request_of(p)
    if request is not None:
        request.fail(error)
    else:
        _switch_off(p, str(error), strict=strict)


def _switch_off(p: Processing, reason: str, *, strict: bool) -> None:
    """Write the reason why there is no face to the page, the log and the infotext; with ``strict`` also interrupt."""
    reason = without_our_name(reason)
    warn(f"FaceChain is off: {reason}")
    _remove_labels(p)
    setattr(p, _TO_REPAIR, ())
    p.extra_generation_params[OFF_LABEL] = f"off ({reason})"
    p.comment(f"FaceChain is off: {reason}")
    if strict:
        from modules import shared

        p.extra_generation_params[REFUSED_LABEL] = reason
        shared.state.interrupt()


def _remove_labels(p: Processing) -> None:
    """Remove the notes and infotext of another generation, as the cells of a plot share one dictionary."""
    setattr(p, _NOTES, ())
    for label in [label for label in p.extra_generation_params if label.startswith(OFF_LABEL)]:
        del p.extra_generation_params[label]
