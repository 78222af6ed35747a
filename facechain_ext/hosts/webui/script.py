"""The always-on script: what the host calls in txt2img and img2img, and what is registered when it starts."""

from __future__ import annotations

import functools
import logging
from typing import Any

from modules import script_callbacks, scripts

from facechain_ext import devices
from facechain_ext.errors import FaceChainError, HostError, PhotoError
from facechain_ext.hosts.webui import accordion, controlnet, disconnects, models, request, routes, settings, tab, xyz
from facechain_ext.hosts.webui.device_policy import host_policy
from facechain_ext.hosts.webui.messages import warn
from facechain_ext.hosts.webui.request import TAB_REQUEST, TabRequest
from facechain_ext.hosts.webui.run import FaceRun, on_denoiser, words_of
from facechain_ext.hosts.webui.strict import REFUSED_LABEL
from facechain_ext.next_steps import PageSteps, set_next_steps
from facechain_ext.recipes.arguments import IDENTITY_LABEL, OFF_LABEL, PREFIX, FaceArguments
from facechain_ext.recipes.infotext import format_identities

log = logging.getLogger(__name__)

TITLE = "FaceChain"
"""The name of the script in the API; never changes."""
NOTES_LABEL = f"{PREFIX} notes"
"""The label in an answer's ``info`` of what was left out and what is doubtful."""
_STATE, _NOTES = "_facechain_run", "_facechain_notes"


def register() -> None:
    """Tell the host what to call; loads no model."""
    set_next_steps(PageSteps(webui=True))
    models.use_host_folder()
    devices.use_policy(host_policy)
    script_callbacks.on_cfg_denoiser(on_denoiser)
    script_callbacks.on_cfg_denoiser(request.on_denoiser)
    script_callbacks.on_ui_settings(functools.partial(settings.add, controlnet.model_names))
    script_callbacks.on_infotext_pasted(settings.on_infotext_pasted)
    script_callbacks.on_app_started(routes.add)
    script_callbacks.on_app_started(disconnects.watch)
    script_callbacks.on_script_unloaded(disconnects.stop_work)
    script_callbacks.on_before_ui(xyz.add)
    xyz.add()  # with --nowebui the plot reads its axes before that callback
    script_callbacks.on_ui_tabs(tab.add)


class FaceChainScript(scripts.Script):  # type: ignore[misc]
    """The accordion "FaceChain" and what it does to a generation."""

    def title(self) -> str:
        """The script's name in the API."""
        return TITLE

    def show(self, is_img2img: bool) -> Any:  # noqa: ARG002, FBT001 - the host's signature
        """Always on, in both tabs."""
        return scripts.AlwaysVisible

    def ui(self, is_img2img: bool) -> list[Any]:  # noqa: FBT001 - the host's signature
        """Build the accordion; gives its components in the order in which they come back as arguments."""
        built = accordion.build(self.elem_id, is_img2img=is_img2img)
        self.infotext_fields = built.infotext_fields
        self.paste_field_names = built.paste_field_names
        return built.components

    def before_process(self, p: Any, *args: Any) -> None:  # noqa: ARG002 - the host's signature
        """Take off what an earlier generation may have left behind."""
        FaceRun.clear()

    def process(self, p: Any, *args: Any) -> None:
        """Read the settings, find the person, and write both into the pictures' settings."""
        setattr(p, _STATE, None)
        try:
            asked: TabRequest | None = getattr(p, TAB_REQUEST, None)
            if asked is not None:
                run = asked.run(p)
            else:
                _forget_labels(p)
                arguments = xyz.changed(p, accordion.read(args))
                run = self._prepare(p, arguments) if arguments.enabled else None
        except Exception as error:  # noqa: BLE001 - told to the user; the host would keep it to its console
            _give_up(p, _told(error), strict=_is_strict(args))
            return
        if run is not None:
            run.on_failure = functools.partial(_go_on_without, p, strict=_is_strict(args))
        setattr(p, _STATE, run)

    def process_batch(self, p: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the host's signature
        """See to it that the face is off when the coming batch ends, whatever ends it."""
        run: FaceRun | None = getattr(p, _STATE, None)
        if run is not None:
            run.guard(p)

    def process_before_every_sampling(self, p: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """Attach the face for the coming pass."""
        run: FaceRun | None = getattr(p, _STATE, None)
        if run is None:
            return
        try:
            run.attach(p)
        except Exception as error:  # noqa: BLE001 - as above
            run.detach()
            setattr(p, _STATE, None)
            _give_up(p, _told(error), strict=_is_strict(args))

    def postprocess_batch(self, p: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the host's signature
        """Note for the tab whether the picture was sampled to its end."""
        asked: TabRequest | None = getattr(p, TAB_REQUEST, None)
        if asked is not None:
            asked.end_picture()

    def postprocess(self, p: Any, processed: Any, *args: Any) -> None:  # noqa: ARG002 - the host's signature
        """Forget the person; the face is off already. What was to be said goes into the answer, not the pictures."""
        notes = getattr(p, _NOTES, ())
        if notes and processed is not None:
            processed.extra_generation_params = {**processed.extra_generation_params, NOTES_LABEL: list(notes)}
        run: FaceRun | None = getattr(p, _STATE, None)
        if run is not None:
            run.detach()
            setattr(p, _STATE, None)

    @staticmethod
    def _prepare(p: Any, arguments: FaceArguments) -> FaceRun:
        """Load what is needed and describe it in the infotext."""
        from facechain_ext.hosts.webui.host_model import loaded_model
        from facechain_ext.hosts.webui.people import find_people
        from facechain_ext.methods.registry import choose_method

        model = loaded_model(p)
        method = choose_method(model.family)
        found = find_people(arguments)
        if arguments.strict and found.left_out:
            raise PhotoError(" ".join(found.left_out))
        notes = (*found.left_out, *found.warnings)
        setattr(p, _NOTES, notes)
        for note in notes:
            log.warning("%s", note)
            p.comment(f"FaceChain: {note}")
        people = found.people
        prepared = method.prepare(people, arguments.of_method(method), model)
        arguments = arguments.with_method_settings(prepared.settings)
        p.extra_generation_params[IDENTITY_LABEL] = format_identities([person.identity for person in people])
        p.extra_generation_params.update(arguments.infotext() | settings.speedups_infotext())
        return FaceRun(prepared, hires=arguments.hires)


def _is_strict(args: Any) -> bool:
    """Whether a request is to be refused rather than done without the face."""
    return bool(args) and isinstance(args[0], dict) and args[0].get("strict") is True


def _told(error: Exception) -> FaceChainError:
    """An error in words for the user; what nobody foresaw goes to the log with everything that is known."""
    if isinstance(error, FaceChainError):
        return error
    log.error("the face cannot be put in", exc_info=error)
    return HostError(f"{type(error).__name__}: {words_of(error)} The console has the details.")


def _go_on_without(p: Any, error: FaceChainError, *, strict: bool) -> None:
    """Let a picture that has begun go on without the face, also for the tab, which shows the reason beside it."""
    setattr(p, _STATE, None)
    _switch_off(p, str(error), strict=strict)
    asked: TabRequest | None = getattr(p, TAB_REQUEST, None)
    if asked is not None:
        asked.notes.append(f"A picture was made without the face: {error}")


def _give_up(p: Any, error: FaceChainError, *, strict: bool) -> None:
    """Stop what the tab or a strict request has asked for; anything else goes on without the face."""
    asked: TabRequest | None = getattr(p, TAB_REQUEST, None)
    if asked is not None:
        asked.refuse(error)
    else:
        _switch_off(p, str(error), strict=strict)


def _switch_off(p: Any, reason: str, *, strict: bool) -> None:
    """Go on without the face, and say so on the page, in the log and in the pictures' settings; or make no picture."""
    warn(f"FaceChain is off: {reason}")
    _forget_labels(p)
    p.extra_generation_params[OFF_LABEL] = f"off ({reason})"
    p.comment(f"FaceChain is off: {reason}")
    if strict:
        from modules import shared

        p.extra_generation_params[REFUSED_LABEL] = reason
        shared.state.interrupt()


def _forget_labels(p: Any) -> None:
    """Take away what another run wrote: the cells of a plot share one dictionary."""
    setattr(p, _NOTES, ())
    for label in [label for label in p.extra_generation_params if label.startswith(OFF_LABEL)]:
        del p.extra_generation_params[label]
