"""A webui as far as the glue uses it: its modules, a generation, and Forge's patcher."""

from __future__ import annotations

import copy
import sys
import types
from contextlib import suppress
from dataclasses import dataclass, field

import torch

from tests.hosts.webui.host_state import HostState


class Options:
    """The host's settings."""

    sd_model_checkpoint = "model.ckpt"

    temp_dir = ""

    def __init__(self):
        self.added = {}

    def add_option(self, key, info):
        self.added[key] = info
        setattr(self, key, info.default)


@dataclass
class OptionInfo:
    """One setting."""

    default: object = None
    label: str = ""
    component: object = None
    component_args: object = None
    section: tuple = ()
    hint: str = ""
    infotext: str | None = None
    restrict_api: bool = False

    def info(self, text):
        assert text, "the webui shows a hint in brackets behind the label, an empty one too"
        self.hint = text
        return self


class Script:
    """The base class of scripts."""

    def elem_id(self, name):
        return f"script_txt2img_facechain_{name}"


def install(monkeypatch, models_path, api_auth=None):
    """Install the host's modules; returns a namespace of their contents."""
    import gradio as gr

    with suppress(ImportError):  # gradio 4 writes a stub beside a component's source, here from two processes at once
        from gradio import component_meta

        monkeypatch.setattr(component_meta, "create_or_modify_pyi", lambda *_: None)

    class InputAccordion(gr.Checkbox):
        """A checkbox around which others are laid out."""

        def __init__(self, value, **kwargs):
            super().__init__(value, **kwargs)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    callbacks = types.SimpleNamespace(
        denoiser=[], pasted=[], settings=[], started=[], unloaded=[], before_ui=[], tabs=[], before_saved=[], saved=[]
    )
    contents = {
        "scripts": {"Script": Script, "AlwaysVisible": object(), "scripts_data": []},
        "script_callbacks": {
            "on_cfg_denoiser": callbacks.denoiser.append,
            "on_infotext_pasted": callbacks.pasted.append,
            "on_ui_settings": callbacks.settings.append,
            "on_app_started": callbacks.started.append,
            "on_script_unloaded": callbacks.unloaded.append,
            "on_before_image_saved": callbacks.before_saved.append,
            "on_image_saved": callbacks.saved.append,
            "on_before_ui": callbacks.before_ui.append,
            "on_ui_tabs": callbacks.tabs.append,
        },
        "shared": {
            "opts": Options(),
            "state": HostState(),
            "cmd_opts": types.SimpleNamespace(
                lowvram=False, medvram=False, api_auth=api_auth, facechain_models_dir=None
            ),
        },
        "paths": {"models_path": str(models_path)},
        "devices": {"dtype_unet": torch.float32, "get_device_for": lambda _task: torch.device("cpu")},
        "sd_models": {
            "checkpoints_list": {
                "model": types.SimpleNamespace(
                    title="model.ckpt", name="model.ckpt", filename=str(models_path / "Stable-diffusion" / "model.ckpt")
                )
            }
        },
        "options": {"OptionInfo": OptionInfo},
        "ui_components": {"InputAccordion": InputAccordion, "ToolButton": gr.Button},
    }
    package = types.ModuleType("modules")
    package.__path__ = []
    monkeypatch.setitem(sys.modules, "modules", package)
    for name, values in contents.items():
        module = types.ModuleType(f"modules.{name}")
        for key, value in values.items():
            setattr(module, key, value)
        setattr(package, name, module)
        monkeypatch.setitem(sys.modules, f"modules.{name}", module)
    for name in [name for name in sys.modules if name.startswith("facechain_ext.hosts.webui")]:
        monkeypatch.delitem(sys.modules, name)
    return types.SimpleNamespace(
        callbacks=callbacks, shared=package.shared, scripts=package.scripts, monkeypatch=monkeypatch
    )


def install_module(host, name, **contents):
    """Add a module of the host or of one of its extensions."""
    module = types.SimpleNamespace(**contents)
    host.monkeypatch.setitem(sys.modules, name, module)
    package, _, last = name.rpartition(".")
    if package == "modules":
        host.monkeypatch.setattr(sys.modules["modules"], last, module, raising=False)
    return module


FORGE = ("modules_forge", "backend", "modules.hypernetworks")
RELATIVE = ("modules_forge",)


def install_marks(monkeypatch, names):
    """Add empty modules by which a host is recognised."""
    for name in names:
        module = types.ModuleType(name)
        module.__path__ = []
        monkeypatch.setitem(sys.modules, name, module)


class Patcher:
    """Forge's wrapper of a U-Net, as far as patches go; a clone deep-copies the options, as Forge's does."""

    def __init__(self, unet):
        self.model = types.SimpleNamespace(diffusion_model=unet, computation_dtype=torch.float32)
        self.load_device = torch.device("cpu")
        self.model_options = {"transformer_options": {}}
        self.reserved = 0

    def clone(self):
        made = type(self)(self.model.diffusion_model)
        made.model_options = copy.deepcopy(self.model_options)
        return made

    def set_model_patch(self, patch, name):
        to = self.model_options["transformer_options"].setdefault("patches", {})
        to[name] = [*to.get(name, []), patch]

    def add_extra_preserved_memory_during_sampling(self, size):
        self.reserved += size


class DictWithShape(dict):
    """What AUTOMATIC1111's webui makes of SDXL's conditions."""

    @property
    def shape(self):
        return self["crossattn"].shape


@dataclass
class Generation:
    """What the host calls ``p``: samples a few steps with guidance, as its denoiser does."""

    unet: torch.nn.Module
    script: object
    args: tuple
    callbacks: list
    steps: int = 4
    batch: int = 1
    batches: int = 1
    apart: bool = False
    lengths: tuple[int, int] = (7, 7)
    fail_at: int | None = None
    refiner: torch.nn.Module | None = None
    is_hr_pass: bool = False
    sdxl: bool = False
    """Whether the texts are handed over as SDXL's are: in dictionaries with a shape."""
    extra_generation_params: dict = field(default_factory=dict)
    comments: list = field(default_factory=list)

    def __post_init__(self):
        self._load(self.unet)
        self.n_iter, self.batch_size = self.batches, self.batch

    def comment(self, text):
        """Show a sentence below the pictures."""
        self.comments.append(text)

    def _load(self, unet):
        """Make ``unet`` that of the loaded checkpoint."""
        self.sd_model = types.SimpleNamespace(model=types.SimpleNamespace(diffusion_model=unet))

    def run(self):
        """Run all passes of a generation; returns the latent pictures."""
        self.script.before_process(self, *self.args)
        self.script.process(self, *self.args)
        results = []
        for number in range(self.batches):
            self.iteration = number
            self.script.process_batch(self, *self.args, batch_number=number)
            results.append(self.sample())
        self.answer = types.SimpleNamespace(
            extra_generation_params=self.extra_generation_params, images=[], infotexts=[]
        )
        self.script.postprocess(self, self.answer, *self.args)
        return torch.cat(results)

    def sample(self):
        self.script.process_before_every_sampling(self, *self.args)
        width = self.unet.input_blocks[1][1].transformer_blocks[0].attn2.to_k.weight.shape[1]
        generator = torch.Generator().manual_seed(3)
        cond = torch.randn(self.batch, self.lengths[0], width, generator=generator)
        uncond = torch.randn(self.batch, self.lengths[1], width, generator=generator)
        x = torch.randn(self.batch, 4, 16, 16, generator=generator)
        for step in range(self.steps):
            if step == self.fail_at:
                raise RuntimeError("another script failed")
            if self.refiner is not None and step == self.steps // 2:
                self._load(self.refiner)
            x = self._step(x, step, cond, uncond)
        return x

    def _step(self, x, step, cond, uncond):
        both = torch.cat([x, x])
        params = types.SimpleNamespace(
            x=both, text_cond=DictWithShape(crossattn=cond) if self.sdxl else cond,
            text_uncond=DictWithShape(crossattn=uncond) if self.sdxl else uncond,
            sampling_step=step, total_sampling_steps=self.steps,
            denoiser=types.SimpleNamespace(p=self, step=step, total_steps=self.steps),
        )  # fmt: skip
        for callback in self.callbacks:
            callback(params)
        t = torch.full((len(both),), 999 - 200 * step)
        unet = self.sd_model.model.diffusion_model
        with torch.no_grad():
            if self.apart or cond.shape[1] != uncond.shape[1]:
                a = unet(x, t[: len(x)], context=cond)
                b = unet(x, t[: len(x)], context=uncond)
            else:
                a, b = unet(both, t, context=torch.cat([cond, uncond])).chunk(2)
        return x - 0.1 * (b + 5 * (a - b))


def generation(host, unet, face=None, **settings):
    """A generation with the accordion's settings ``face``, which is off without them."""
    args = (face if face is not None else {"enabled": False},)
    return Generation(unet, host.script, args, host.callbacks.denoiser, **settings)


def is_unhooked(unet):
    """Whether no module of ``unet`` has a hook."""
    return not any(module._forward_hooks or module._forward_pre_hooks for module in unet.modules())
