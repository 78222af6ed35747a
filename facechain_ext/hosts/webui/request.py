"""How the tab hands a job to the script: on the generation that it belongs to, so that no two can be mixed up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import HostError
from facechain_ext.hosts.webui import settings
from facechain_ext.hosts.webui.host_model import loaded_model
from facechain_ext.hosts.webui.run import FaceRun
from facechain_ext.methods.fact.files import AUTOMATIC
from facechain_ext.methods.registry import choose_method
from facechain_ext.recipes.infotext import people_infotext

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.errors import FaceChainError
    from facechain_ext.recipes.job import Job

TAB_REQUEST = "_facechain_tab_request"
"""The attribute of a generation that holds its TabRequest."""


@dataclass(eq=False)
class TabRequest:
    """A job on its way through the host, and what became of it.

    ``progress`` is that of ``Host.generate``. ``trouble`` is why the face could not be put in; ``prepared`` says that
    the host did ask the script; ``finished`` has one entry for each picture that came out of the sampler: whether it
    was sampled to the end; ``notes`` are what the user should know about the pictures.
    """

    job: Job
    progress: Callable[[int, int], bool] | None = None
    trouble: FaceChainError | None = None
    prepared: bool = False
    finished: list[bool] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _last_step: bool = field(default=False, init=False)

    def run(self, p: Any) -> FaceRun | None:
        """What puts the people into ``p``, None for a job without; raises FaceChainError when it cannot be done."""
        self.prepared = True
        people = self.job.people
        if not people:
            return None
        if len({person.window for person in people}) > 1:
            raise HostError("All people in one picture act in the same window of the steps; give them one.")
        model = loaded_model(p)
        own = {"adapter": self.job.adapter or AUTOMATIC, **self.job.method_settings}
        prepared = choose_method(model.family).prepare(people, own, model)
        told = people_infotext(people, prepared.settings, hires=self.job.face_in_hires)
        p.extra_generation_params.update(told | settings.speedups_infotext())
        return FaceRun(prepared, hires=self.job.face_in_hires)

    def refuse(self, error: FaceChainError) -> None:
        """Note why the face cannot be put in, and stop: nobody asked for the picture without it."""
        from modules import shared

        self.trouble = self.trouble or error
        shared.state.interrupt()

    def begin_step(self, p: Any, step: int, steps: int) -> None:
        """Tell how far it is as step ``step`` of a pass of ``steps`` begins; interrupts the host when told to stop."""
        from modules import shared

        hires = getattr(p, "enable_hr", False)
        self._last_step = step + 1 >= steps and (not hires or bool(p.is_hr_pass))
        if self.progress is not None and not self.progress(*how_far(shared.state, step, steps)):
            shared.state.interrupt()

    def end_picture(self) -> None:
        """Note whether the picture that left the sampler was sampled to its last step."""
        from modules import shared

        cut = shared.state.interrupted or shared.state.skipped
        self.finished.append(self._last_step or not cut)
        self._last_step = False


def how_far(state: Any, step: int, steps: int) -> tuple[int, int]:
    """Steps done and steps in all, as step ``step`` of ``steps`` begins; the host counts the passes."""
    passes = max(state.job_count, state.job_no + 1)
    return state.job_no * steps + min(step, steps), passes * steps


def on_denoiser(params: Any) -> None:
    """What the host calls before each step of any generation; only those of the tab are told about it."""
    denoiser = getattr(params, "denoiser", None)
    p = getattr(denoiser, "p", None)
    request: TabRequest | None = getattr(p, TAB_REQUEST, None)
    if request is None or denoiser is None:
        return
    steps = denoiser.total_steps or params.total_sampling_steps
    request.begin_step(p, denoiser.step, steps)
