"""The Host on diffusers: generates the pictures of a job one by one with its own checkpoint."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from facechain_ext.devices import default_dtype, diffusion_device
from facechain_ext.errors import Cancelled, GivenUp, HostError, InputError
from facechain_ext.hosts.diffusers import latents, loras
from facechain_ext.hosts.diffusers.checkpoint import Checkpoint, load_checkpoint, load_controlnet
from facechain_ext.hosts.diffusers.controls import prepare_control
from facechain_ext.hosts.diffusers.early_look import ignore_clean, look_at
from facechain_ext.hosts.diffusers.host_model import DiffusersModel
from facechain_ext.hosts.diffusers.infotext import infotext
from facechain_ext.hosts.diffusers.job_checks import STEP, check_job
from facechain_ext.hosts.diffusers.sampling.conditions import guidance, remark
from facechain_ext.hosts.diffusers.sampling.denoise import ControlUnit, Guidance, Predictor, Start, denoise
from facechain_ext.hosts.diffusers.sampling.prompts import split_networks
from facechain_ext.hosts.diffusers.sampling.samplers import find_sampler
from facechain_ext.methods.fact import FaceAdapter, load_adapter
from facechain_ext.methods.fact.method import FactMethod
from facechain_ext.methods.photomaker import PhotoMaker, load_photomaker
from facechain_ext.methods.photomaker.method import PhotoMakerMethod
from facechain_ext.methods.protocol import RuntimeOptions
from facechain_ext.methods.registry import choice_remark, choose_method
from facechain_ext.recipes.job import Lora, Portrait
from facechain_ext.styles.lora_index import LORA_SUFFIXES
from facechain_ext.styles.loras import lora_folder
from facechain_ext.weights import models_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from diffusers import ControlNetModel
    from torch import Tensor

    from facechain_ext.hosts.diffusers.early_look import CleanObserver
    from facechain_ext.methods.protocol import ActiveMethod, ModelFamily, PreparedMethod
    from facechain_ext.recipes.job import Control, ControlKind, Job

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _JobContext:
    """What all pictures of a job share."""

    job: Job
    guidance: Guidance
    without_person: Guidance
    controls: list[ControlUnit]
    prepared: PreparedMethod | None
    notes: tuple[str, ...]
    on_step: Callable[[int, int], None]


class DiffusersHost:
    """Generates pictures without a webui; ``adapter`` and ``controlnets`` serve jobs with people and controls.

    ``on_sample`` is called with the latents [1, 4, h, w] after every step.
    """

    name = "diffusers"

    def __init__(
        self,
        checkpoint: Checkpoint,
        adapter: FaceAdapter | None = None,
        controlnets: Mapping[ControlKind, ControlNetModel] | None = None,
    ) -> None:
        self.checkpoint = checkpoint
        self._model = DiffusersModel(checkpoint)
        self.adapter = adapter
        self.photomaker: PhotoMaker | None = None
        """The PhotoMaker of jobs with people on SDXL; without it the file of the models folder is read."""
        self.controlnets = dict(controlnets or {})
        self.on_sample: Callable[[Tensor], None] = lambda _sample: None
        self.lora_folders: Sequence[Path] = (lora_folder(), models_folder() / "loras")
        """Folders in which LoRAs named in a prompt are searched."""

    @classmethod
    def from_files(
        cls,
        checkpoint: Path,
        *,
        adapter: Path | None = None,
        photomaker: Path | None = None,
        controlnets: Mapping[ControlKind, Path] | None = None,
        vae: Path | None = None,
        device: str | None = None,
    ) -> DiffusersHost:
        """Read everything from files, on CUDA in half precision where it is there, else on Apple's GPU or the CPU.

        Raises HostError for files of another kind, WeightsError for files that cannot be read.
        """
        place = device or str(diffusion_device())
        dtype = default_dtype(place)
        host = cls(
            load_checkpoint(checkpoint, vae=vae, device=place, dtype=dtype, sdxl=True),
            load_adapter(adapter, dtype=dtype) if adapter is not None else None,
            {kind: load_controlnet(path, device=place, dtype=dtype) for kind, path in (controlnets or {}).items()},
        )
        host.photomaker = load_photomaker(photomaker) if photomaker is not None else None
        return host

    def generate(
        self,
        job: Job,
        *,
        progress: Callable[[int, int], bool] | None = None,
        ready: Callable[[Portrait], None] | None = None,
    ) -> list[Portrait]:
        """Generate the pictures of ``job``, picture i from noise of ``seed + i``, drawn on the CPU as in the webui.

        ``progress(step, steps)`` counts the steps of all pictures; on False the finished pictures are returned.
        Raises InputError for values out of range, HostError when the job needs what is not loaded, PhotoError for a
        pose picture without a person.
        """
        job = self._with_networks(job)
        check_job(job)
        total = job.count * (job.steps + (self._hires_steps(job) if job.hires else 0))
        done = 0

        def on_step(_step: int, _steps: int) -> None:
            nonlocal done
            done += 1
            if progress is not None and not progress(min(done, total), total):
                raise Cancelled

        finished: list[Portrait] = []
        with loras.apply_loras(self.checkpoint, job.loras), self._prepared(job) as prepared:
            controls = [self._control(job, unit) for unit in job.controls]
            person = prepared.conditioning if prepared is not None else None
            lora = prepared.lora if prepared is not None else None
            prompt = job.prompt if lora is None else lora.with_call(job.prompt)
            with loras.apply_method_lora(self.checkpoint, lora):  # its text encoder's layers act on the words
                with_person = guidance(self.checkpoint, prompt, job.negative_prompt, job.cfg, person)
            notes = _notes(job, prepared, self._model.family)
            context = _JobContext(
                job, with_person, replace(with_person, person=None), controls, prepared, notes, on_step
            )
            try:
                for number in range(job.count):  # finished pictures are returned when a later one is stopped
                    done = number * total // job.count  # a picture that was given up leaves out steps
                    try:
                        finished.append(self._generate_one(context, job.seed + number))
                    except GivenUp:
                        continue
                    if ready is not None:
                        ready(finished[-1])
            except Cancelled:
                log.info("stopped after %d of %d pictures", len(finished), job.count)
        return finished

    def _with_networks(self, job: Job) -> Job:
        """``job`` with the LoRAs that its prompt names, as the webui reads ``<lora:name:weight>``."""
        prompt, networks = split_networks(job.prompt)
        found = tuple(Lora(self._lora_file(name), weight) for name, weight in networks)
        return replace(job, prompt=prompt, loras=job.loras + found)

    def _lora_file(self, name: str) -> Path:
        for folder in self.lora_folders:
            for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
                if path.stem.casefold() == name.casefold() and path.suffix in LORA_SUFFIXES and path.is_file():
                    return path
        raise InputError(f"There is no LoRA called {name}, which the prompt names. Put it into {self.lora_folders[0]}.")

    @contextmanager
    def _prepared(self, job: Job) -> Iterator[PreparedMethod | None]:
        """The job's method, prepared with its people and loaded for all pictures; None without people."""
        if not job.people:
            yield None
            return
        method = choose_method(self._model.family, job.method, people=job.people, loaded=self._loaded_methods())
        settings = dict(job.method_settings)
        own = {row.name for row in method.settings}
        if "photomaker" in own and self.photomaker is not None:
            settings["photomaker"] = self.photomaker
        if "adapter" in own:
            if self.adapter is None:
                raise HostError("This job has a person in it, but no face adapter is loaded. Name one with --adapter.")
            settings["adapter"] = self.adapter
        if len({person.window for person in job.people}) > 1:
            raise InputError("All people in one picture act in the same window of the steps; give them one.")
        prepared = method.prepare(job.people, settings, self._model)
        prepared.keep_loaded(self.checkpoint.unet.device)
        try:
            yield prepared
        finally:
            prepared.offload()

    def _loaded_methods(self) -> set[str]:
        """The methods whose weights were given to this host and fit its checkpoint."""
        loaded = {PhotoMakerMethod.name} if self.photomaker is not None else set()
        fits = self.adapter is not None and self.adapter.family == self._model.family
        return loaded | ({FactMethod.name} if fits else set())

    def _generate_one(self, context: _JobContext, seed: int) -> Portrait:
        """Generate one picture."""
        job, vae = context.job, self.checkpoint.vae
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(1, 4, job.height // STEP, job.width // STEP, generator=generator)
        start = latents.prepare_start(vae, job.inpaint, job.width, job.height) if job.inpaint else None
        look = look_at(job.look, lambda clean: latents.decode(vae, clean))
        sample = self._sample_pass(context, noise, start, job.steps, generator, with_face=True, on_clean=look)
        if job.hires is not None:
            height, width = (round(side * job.hires.scale / STEP) for side in (job.height, job.width))
            larger = latents.upscale_latents(vae, sample, (height, width), job.hires.upscaler)
            noise = torch.randn(1, 4, height, width, generator=generator)
            hires_start = Start(larger, job.hires.denoise)
            steps = job.hires.steps or job.steps
            sample = self._sample_pass(context, noise, hires_start, steps, generator, with_face=job.face_in_hires)
        picture = latents.decode(vae, sample)
        if job.inpaint is not None:
            picture = latents.paste_masked(picture, job.inpaint)
        return Portrait(
            picture,
            seed,
            infotext(job, seed, self.checkpoint, context.prepared),
            context.notes,
        )

    def _sample_pass(
        self,
        context: _JobContext,
        noise: Tensor,
        start: Start | None,
        steps: int,
        generator: torch.Generator,
        *,
        with_face: bool,
        on_clean: CleanObserver = ignore_clean,
    ) -> Tensor:
        """Run the sampler once at the size of ``noise``; the method is applied for this pass only."""
        controls = [replace(unit, picture=_resized(unit.picture, noise)) for unit in context.controls]
        scheduler = find_sampler(context.job.sampler).build(self.checkpoint.noise)
        lora = context.prepared.lora if context.prepared is not None and with_face else None
        with (
            loras.apply_method_lora(self.checkpoint, lora),
            self._applied(context) if with_face else nullcontext() as face,
        ):
            words = context.guidance if with_face else context.without_person
            predict = Predictor(self.checkpoint.unet, words, controls, face)
            return denoise(
                predict,
                scheduler,
                noise,
                steps=steps,
                generator=generator,
                start=start,
                on_step=context.on_step,
                on_sample=self.on_sample,
                on_clean=on_clean,
            )

    def _applied(self, context: _JobContext) -> AbstractContextManager[ActiveMethod | None]:
        return nullcontext() if context.prepared is None else context.prepared.applied(self._model, RuntimeOptions())

    def _control(self, job: Job, unit: Control) -> ControlUnit:
        model = self.controlnets.get(unit.kind)
        if model is None:
            raise HostError(f"No ControlNet for {unit.kind} is loaded. Name one with --controlnet.")
        width, wanted = (one.config.cross_attention_dim for one in (model, self.checkpoint.unet))
        if width != wanted:
            raise HostError(
                f"The ControlNet for {unit.kind} takes text of {width} numbers a token, the checkpoint of {wanted}: "
                "they are of different models. Leave it out, or choose a checkpoint that fits."
            )
        picture = prepare_control(unit, job.width, job.height).to(self.checkpoint.unet.device)
        return ControlUnit(model, picture, unit.weight, unit.window)

    @staticmethod
    def _hires_steps(job: Job) -> int:
        assert job.hires is not None
        steps = job.hires.steps or job.steps
        return min(int(steps * job.hires.denoise), steps)


def _notes(job: Job, prepared: PreparedMethod | None, family: ModelFamily) -> tuple[str, ...]:
    """What the user should know of the photos, and of what the method makes of the request."""
    notes = [note for person in job.people for note in person.identity.notes]
    if prepared is not None:
        notes += (choice_remark(prepared.method, family, job.method), *prepared.notes)
        if prepared.conditioning is not None:
            notes.append(remark(job.prompt, prepared.conditioning))
    return tuple(filter(None, notes))


def _resized(picture: Tensor, noise: Tensor) -> Tensor:
    """A control picture at the pixel size of ``noise``."""
    height, width = (side * STEP for side in noise.shape[-2:])
    if picture.shape[-2:] == (height, width):
        return picture
    return torch.nn.functional.interpolate(picture, (height, width), mode="bilinear")
