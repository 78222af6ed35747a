"""A job of the tab on its way to the script: an attribute of its own generation, so that two cannot be confused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.hosts.webui import early_look, settings
from facechain_ext.hosts.webui.face_run import FaceRun
from facechain_ext.hosts.webui.host_model import loaded_model
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.methods.registry import choice_remark, choose_method
from facechain_ext.recipes.infotext import people_infotext

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.errors import FaceChainError
    from facechain_ext.hosts.webui.host_types import CfgDenoiserParams, Denoiser, Processing
    from facechain_ext.recipes.job import Job

_ATTRIBUTE = "_facechain_tab_request"
"""The attribute of a generation that holds its TabRequest."""


@dataclass(eq=False)
class TabRequest:
    """A job in the host, and its outcome.

    ``progress`` is that of ``Host.generate``. ``error`` is the reason why the face could not be put in; ``prepared``
    is True once the host has called the script; ``finished`` has one entry for each picture that left the sampler:
    whether it was sampled to the end; ``notes`` are sentences for the user about the pictures.
    """

    job: Job
    progress: Callable[[int, int], bool] | None = None
    error: FaceChainError | None = None
    prepared: bool = False
    finished: list[bool] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _last_step: bool = field(default=False, init=False)
    _looked: bool = field(default=False, init=False)

    @property
    def passes(self) -> int:
        """How often the sampler runs for each picture."""
        return 1 if self.job.hires is None or self.job.inpaint is not None else 2

    def prepare(self, p: Processing) -> FaceRun | None:
        """Prepare the people of the job for ``p`` and write its infotext; None for a job without people.

        Raises FaceChainError when the loaded model or the job cannot be used.
        """
        self.prepared = True
        people = self.job.people
        if not people:
            return None
        if len({person.window for person in people}) > 1:
            raise InputError("All people in one picture act in the same window of the steps; give them one.")
        model = loaded_model(p)
        method_settings = {"adapter": self.job.adapter or AUTOMATIC, **self.job.method_settings}
        method = choose_method(model.family, self.job.method, people=people)
        prepared = method.prepare(people, method_settings, model)
        remarks = [choice_remark(method.name, model.family, self.job.method), *prepared.notes]
        if prepared.conditioning is not None:
            remarks.append(prepared.conditioning.remark([self.job.prompt]))
        self.notes += filter(None, remarks)
        infotext = people_infotext(people, prepared.settings, hires=self.job.face_in_hires, method=prepared.method)
        p.extra_generation_params.update(infotext | settings.speedups_infotext())
        return FaceRun(prepared, hires=self.job.face_in_hires)

    def fail(self, error: FaceChainError) -> None:
        """Record the first reason why the face cannot be put in, and stop, as the job is of no use without it."""
        from modules import shared

        self.error = self.error or error
        shared.state.interrupt()

    def begin_step(self, p: Processing, step: int, steps: int) -> None:
        """Report progress as step ``step`` of ``steps`` begins; interrupts the host when ``progress`` returns False."""
        from modules import shared

        hires = getattr(p, "enable_hr", False)
        self._last_step = step + 1 >= steps and (not hires or bool(p.is_hr_pass))
        ended = len(self.finished) * self.passes + int(hires and bool(p.is_hr_pass))
        total = max(self.job.count * self.passes, ended + 1) * steps
        if self.progress is not None and not self.progress(ended * steps + min(step, steps), total):
            shared.state.interrupt()
            return
        look = self.job.look
        if look is None or self._looked or step < look.at * steps or (hires and p.is_hr_pass):
            return
        self._looked = True
        if not early_look.goes_on(look):
            early_look.give_up()

    def end_picture(self) -> None:
        """Record whether the picture that left the sampler was sampled to its last step."""
        from modules import shared

        interrupted = shared.state.interrupted or shared.state.skipped
        self.finished.append(self._last_step or not interrupted)
        self._last_step = self._looked = False


def set_tab_request(p: Processing, request: TabRequest) -> None:
    """Attach ``request`` to the generation that does its job."""
    setattr(p, _ATTRIBUTE, request)


def tab_request_of(p: Processing) -> TabRequest | None:
    """The request of a generation of the tab; None for any other generation."""
    request: TabRequest | None = getattr(p, _ATTRIBUTE, None)
    return request


def on_denoiser(params: CfgDenoiserParams) -> None:
    """Report progress to the tab; the host calls this before each step of every generation."""
    denoiser: Denoiser | None = getattr(params, "denoiser", None)
    request = tab_request_of(denoiser.p) if denoiser is not None and hasattr(denoiser, "p") else None
    if request is None or denoiser is None:
        return
    steps = denoiser.total_steps or params.total_sampling_steps
    request.begin_step(denoiser.p, denoiser.step, steps)
