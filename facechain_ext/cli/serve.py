"""facechain serve: the page without a webui."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from facechain_ext.cli.options import Judge  # noqa: TC001 - typer reads it at run time
from facechain_ext.errors import HostError
from facechain_ext.next_steps import PageSteps, set_next_steps

if TYPE_CHECKING:
    from facechain_ext.hosts.diffusers.serve import ServeFiles
    from facechain_ext.recipes.job import ControlKind

console = Console()

_KINDS: tuple[ControlKind, ...] = ("openpose", "openpose_face", "canny", "depth", "color", "tile")
_SMALL = (
    "This page runs on small {kind} models, because it was started without --checkpoint: everything works, and nothing "
    "looks like a real portrait."
)


def serve(
    checkpoint: Annotated[
        Path | None, typer.Option(help="A Stable Diffusion 1.5 checkpoint; without one, tiny models to try the page.")
    ] = None,
    vae: Annotated[Path | None, typer.Option(help="A VAE's file, for a checkpoint without one.")] = None,
    adapter: Annotated[list[Path] | None, typer.Option(help="A face adapter's file; may be repeated.")] = None,
    encoder: Annotated[Path | None, typer.Option(help="The face encoder's file.")] = None,
    controlnet: Annotated[
        list[str] | None, typer.Option(help="KIND=FILE, such as openpose=control.safetensors; may be repeated.")
    ] = None,
    lora_folder: Annotated[Path | None, typer.Option(help="Where your LoRA files are.")] = None,
    sadtalker: Annotated[str, typer.Option(help="Folder of SadTalker, for talking portraits.")] = "",
    sadtalker_python: Annotated[str, typer.Option(help="Its Python; that of venv in its folder if not given.")] = "",
    talking_command: Annotated[str, typer.Option(help="Command line of another engine for talking portraits.")] = "",
    talking_folder: Annotated[str, typer.Option(help="The folder in which that engine runs.")] = "",
    piper_voice: Annotated[str, typer.Option(help="A voice of piper (.onnx), for spoken words.")] = "",
    judge: Judge = "auto",
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("outputs"),
    address: Annotated[str, typer.Option(help="Who can open the page: 127.0.0.1 is this machine alone.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 7869,
) -> None:
    """Open the FaceChain page in a browser, without a webui."""
    give_gradio_its_name()
    try:
        from facechain_ext.ui.gradio_versions import launch, load_scripts, theme_options
    except ImportError as error:
        raise HostError(f"The page needs gradio ({error}). Run: python install.py serve") from error
    from facechain_ext.hosts.diffusers.serve import ServeFiles, ServeHost
    from facechain_ext.recipes.talking.engine_settings import EngineSettings
    from facechain_ext.ui.page import build_page

    if checkpoint is None:
        files = small_files(out / "small-models")
    else:
        files = ServeFiles(
            checkpoint, vae, encoder, {path.stem: path for path in adapter or ()}, _controlnets(controlnet or []),
            lora_folder,
        )  # fmt: skip
    engines = EngineSettings(sadtalker, sadtalker_python, talking_command, talking_folder, piper_voice)
    files = replace(files, engines=engines, judge=judge)
    set_next_steps(PageSteps(webui=False))
    page = build_page(ServeHost(files, out), **theme_options())
    load_scripts(page)
    console.print(f"FaceChain is on http://{address}:{port} (Ctrl+C stops it).", markup=False)
    launch(page, address=address, port=port, wait=True)


def give_gradio_its_name() -> None:
    """Let gradio 4 be imported beside a huggingface_hub that has dropped HfFolder, which only logins there use."""
    try:
        import huggingface_hub
    except ImportError:
        return  # then gradio is not there either, which is said where it is imported
    if not hasattr(huggingface_hub, "HfFolder"):
        huggingface_hub.HfFolder = None


def small_files(folder: Path) -> ServeFiles:
    """The tiny models that ship, or random ones made in ``folder``, with a notice that says so."""
    from facechain_ext.demo import tiny_models
    from facechain_ext.hosts.diffusers.serve import ServeFiles

    models = tiny_models(folder)
    notice = _SMALL.format(kind="trained" if models.trained else "random")
    return ServeFiles(models.checkpoint, encoder=models.encoder, adapters={"small": models.adapter}, notice=notice)


def _controlnets(given: list[str]) -> dict[ControlKind, Path]:
    """``KIND=FILE`` by kind."""
    found: dict[ControlKind, Path] = {}
    for text in given:
        name, sign, file = text.partition("=")
        kind = next((one for one in _KINDS if one == name), None)
        if not sign or kind is None:
            raise typer.BadParameter(f"--controlnet takes KIND=FILE, with one of {', '.join(_KINDS)}; not “{text}”.")
        found[kind] = Path(file)
    return found
