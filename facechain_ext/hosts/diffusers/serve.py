"""The page's host without a webui: DiffusersHost, one generation at a time."""

from __future__ import annotations

import importlib.util
import logging
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from facechain_ext.errors import InputError
from facechain_ext.hosts.diffusers.controls import control_picture
from facechain_ext.hosts.diffusers.latents import preview_image
from facechain_ext.hosts.diffusers.output import save_portraits
from facechain_ext.hosts.diffusers.sampling.samplers import SAMPLERS
from facechain_ext.identity.likeness_scorer import choose_scorer
from facechain_ext.methods.fact.files import adapter_files
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.recipes.job import Lora
from facechain_ext.recipes.labelling import label_file
from facechain_ext.recipes.readiness import checkpoint_needs, drawing_defaults, file_needs, is_sdxl
from facechain_ext.recipes.talking.engine_settings import EngineSettings
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.storage.numbered import write_numbered
from facechain_ext.styles import known_loras
from facechain_ext.styles.loras import lora_folder
from facechain_ext.ui.host import HostCapabilities
from facechain_ext.ui.uploads import uploaded_path
from facechain_ext.weights import models_folder, require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from PIL import Image
    from torch import Tensor

    from facechain_ext.doctor import Check
    from facechain_ext.hosts.diffusers.host import DiffusersHost
    from facechain_ext.identity import TransFace
    from facechain_ext.identity.scorer import LikenessScorer
    from facechain_ext.recipes.job import Control, ControlKind, Job, Portrait
    from facechain_ext.training_runs.captioners import Captioner

log = logging.getLogger(__name__)
T = TypeVar("T")

UPSCALERS = ("Latent", "Latent (nearest)", "Latent (bicubic)", "Lanczos")
_LORA_SUFFIX = ".safetensors"
_NO_CONTROL = "Start facechain serve with --controlnet {kind}=FILE to use it."
_NO_DEPTH = "A depth map cannot be computed without a webui; ControlNet's depth works in the webui's tab."


@dataclass(frozen=True)
class ServeFiles:
    """Files that the page uses; None or an empty mapping stands for what is found in the models folder.

    ``adapters`` are by name, ``notice`` is for the page, ``engines`` talk, ``judge`` names who scores likeness.
    """

    checkpoint: Path
    vae: Path | None = None
    encoder: Path | None = None
    adapters: Mapping[str, Path] = field(default_factory=dict)
    controlnets: Mapping[ControlKind, Path] = field(default_factory=dict)
    lora_folder: Path | None = None
    notice: str = ""
    engines: EngineSettings = field(default_factory=EngineSettings)
    judge: str = ""


class ServeHost:
    """Implements the page's host protocol; models are loaded for the first picture."""

    name = "diffusers"

    def __init__(self, files: ServeFiles, output: Path) -> None:
        self._files = files
        self._output = output
        self._generation_lock = threading.RLock()
        self._waiting_threads: set[int] = set()
        self._file_lock = threading.Lock()
        self._interrupted = threading.Event()
        self._host: DiffusersHost | None = None
        self._sample: Tensor | None = None
        self._adapter: Path | None = None
        self._encoder: TransFace | None = None

    def generate(
        self,
        job: Job,
        *,
        progress: Callable[[int, int], bool] | None = None,
        ready: Callable[[Portrait], None] | None = None,
    ) -> list[Portrait]:
        """Generate the pictures of ``job`` exclusively; after an interrupt the finished ones are returned.

        Raises InputError for unknown names and wrong values, HostError and WeightsError as DiffusersHost does.
        """

        def should_continue(done: int, total: int) -> bool:
            return not self._interrupted.is_set() and (progress is None or progress(done, total))

        with self._exclusive_generation():
            self._interrupted.clear()
            host = self._loaded(job)
            try:
                named = replace(job, loras=tuple(self._lora(one) for one in job.loras))
                return host.generate(named, progress=should_continue, ready=ready)
            finally:
                self._sample = None

    def capabilities(self) -> HostCapabilities:
        """The available models and controls; reads only file names."""
        kinds: tuple[ControlKind, ...] = ("openpose", "openpose_face", "canny", "depth", "color", "tile")
        return HostCapabilities(
            samplers=tuple(SAMPLERS),
            adapters=(AUTOMATIC, *self._adapters()),
            loras=tuple(sorted(self._loras(), key=str.casefold)),
            upscalers=UPSCALERS,
            enlargers=("Lanczos",),
            checkpoints=(self._files.checkpoint.name,),
            checkpoint=self._files.checkpoint.name,
            controls={kind: self._unavailable_reason(kind) for kind in kinds},
            notice=self._files.notice,
            needed=(
                *checkpoint_needs(self._files.checkpoint, "Start the page with another --checkpoint."),
                *file_needs(
                    encoder=self._files.encoder is None,
                    adapter=not self._files.adapters and not is_sdxl(self._files.checkpoint),
                    photomaker=is_sdxl(self._files.checkpoint),
                ),
            ),
            defaults=drawing_defaults(self._files.checkpoint),
        )

    def checks(self) -> tuple[Check, ...]:
        """None: the packages are the doctor's already."""
        return ()

    def encoder(self) -> TransFace:
        """The face encoder, loaded once; raises WeightsError that says how to get it."""
        from facechain_ext.identity import TransFace

        with self._file_lock:
            if self._encoder is None:
                self._encoder = TransFace.from_file(self._files.encoder or require("transface"))
            return self._encoder

    def likeness_scorer(self, judge: str = "") -> LikenessScorer:
        """Who says how like a picture is; raises WeightsError like ``encoder`` where that has to."""
        return choose_scorer(self.encoder, judge or self._files.judge)

    def engines(self) -> EngineSettings:
        """Those that the page was started with."""
        return self._files.engines

    def uploaded_path(self, file: object) -> Path:
        """The path of an uploaded file; raises PhotoError for any other path."""
        return uploaded_path(file)

    def lora_folders(self) -> tuple[Path, ...]:
        """The folder that was named at the start, and the one of the models folder; an earlier one is still read."""
        earlier = models_folder() / "loras"
        folders = (self._files.lora_folder, lora_folder(), earlier if earlier.is_dir() else None)
        return tuple(folder for folder in folders if folder is not None)

    def reload_loras(self) -> None:
        """Do nothing: LoRA files are listed anew each time."""

    def checkpoint_files(self) -> dict[str, Path]:
        """The checkpoint that the page was started with."""
        return {self._files.checkpoint.name: self._files.checkpoint}

    def captioners(self) -> dict[str, Callable[[], Captioner]]:
        """None of its own: those in the models folder are known to the page."""
        return {}

    def training_python(self) -> Path | None:
        """The Python that serves the page, where what training wants was installed with it."""
        return Path(sys.executable) if importlib.util.find_spec("peft") is not None else None

    def output_folder(self) -> Path:
        """The folder of saved pictures."""
        return self._output

    def save(self, portrait: Portrait, *, stem: str = "portrait", exact: Callable[[str], bytes] | None = None) -> Path:
        """Write a PNG with its settings under the next free number."""
        with self._file_lock:
            path = save_portraits([portrait], self._output, stem=stem)[0]
            if exact is not None:
                with atomic_write(path) as part:
                    part.write_bytes(label_file(exact(portrait.infotext), portrait.infotext))
            return path

    def save_video(self, content: bytes, stem: str) -> Path:
        """Write a video under the next free number."""
        return write_numbered(self._output, stem, ".mp4", content)

    def queued(self, work: Callable[[], T]) -> Callable[[], T]:
        """A function that runs ``work`` while nothing else generates."""

        def waiting() -> T:
            with self._exclusive_generation():
                return work()

        return waiting

    @contextmanager
    def _exclusive_generation(self) -> Iterator[None]:
        self._waiting_threads.add(threading.get_ident())
        with self._generation_lock:
            self._waiting_threads.discard(threading.get_ident())
            yield

    def is_waiting(self, thread: int) -> bool:
        """Whether a thread waits for the generation of another thread."""
        return thread in self._waiting_threads

    def interrupt(self) -> None:
        """Stop the running generation."""
        self._interrupted.set()

    def control_map(self, control: Control) -> Image.Image:
        """The skeleton or edges of a picture; raises HostError for what cannot be prepared, PhotoError for nobody."""
        return control_picture(control)

    def preview(self) -> Image.Image | None:
        """A small, still noisy preview of the running generation; None when none runs."""
        sample, host = self._sample, self._host
        return preview_image(host.checkpoint.vae, sample) if sample is not None and host is not None else None

    def settings_to_send(self, infotext: str, photos: Sequence[Path]) -> str:
        """The settings unchanged."""
        del photos
        return infotext

    def send_targets(self) -> tuple[str, ...]:
        """No targets: there is no webui to send to."""
        return ()

    def _loaded(self, job: Job) -> DiffusersHost:
        """The loaded diffusers host, with the job's adapter."""
        from facechain_ext.hosts.diffusers import DiffusersHost

        if self._host is None:
            log.info("reading %s", self._files.checkpoint)
            self._host = DiffusersHost.from_files(
                self._files.checkpoint, controlnets=self._files.controlnets, vae=self._files.vae
            )
            self._host.on_sample = self._store_sample
            self._host.lora_folders = self.lora_folders()
        if job.people and not self._host.checkpoint.is_sdxl:
            self._set_adapter(self._host, job.adapter or AUTOMATIC)
        return self._host

    def _store_sample(self, sample: Tensor) -> None:
        self._sample = sample

    def _set_adapter(self, host: DiffusersHost, name: str) -> None:
        from facechain_ext.methods.fact import load_adapter

        path = self._adapter_file(name)
        if path != self._adapter:
            host.adapter = load_adapter(path, dtype=host.checkpoint.unet.dtype)
            self._adapter = path

    def _adapters(self) -> dict[str, Path]:
        return dict(self._files.adapters) or adapter_files()

    def _adapter_file(self, name: str) -> Path:
        files = self._adapters()
        if not files:
            return require("adapter-majic")
        if name == AUTOMATIC:
            return next(iter(files.values()))
        if name not in files:
            raise InputError(f"There is no adapter called {name}; there are: {', '.join(files)}.")
        return files[name]

    def _loras(self) -> dict[str, Path]:
        """LoRA files by name; the first folder wins."""
        files = reversed([*known_loras(self.lora_folders()).values()])
        return {path.stem: path for path in files if path.suffix == _LORA_SUFFIX}

    def _lora(self, lora: Lora) -> Lora:
        """A LoRA by its file instead of its name; raises InputError for an unknown name."""
        if isinstance(lora.file, Path):
            return lora
        file = self._loras().get(lora.file)
        if file is None:
            raise InputError(f"There is no LoRA called {lora.file}. Put it into {self.lora_folders()[0]}.")
        return Lora(file, lora.weight)

    def _unavailable_reason(self, kind: ControlKind) -> str:
        if kind in self._files.controlnets:
            return ""
        return _NO_DEPTH if kind == "depth" else _NO_CONTROL.format(kind=kind)
