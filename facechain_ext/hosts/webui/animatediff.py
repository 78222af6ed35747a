"""AnimateDiff in the webui: whether a generation makes a clip by it, what that changes, and the labels of its files."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from facechain_ext.hosts.webui import settings
from facechain_ext.hosts.webui.labelling import write_label
from facechain_ext.recipes.labelling import packet_for

if TYPE_CHECKING:
    from facechain_ext.hosts.webui.host_types import Processed, Processing
    from facechain_ext.recipes.arguments import FaceArguments

_TITLE = "animatediff"
"""The title of sd-webui-animatediff's script, and of its version for the Forge line, in lower case."""
_MOTION = ".temporal_transformer"
"""Part of the names of its motion modules in the U-Net."""
_VIDEOS = (".gif", ".mp4", ".webp")


@dataclass(frozen=True)
class AnimatedClip:
    """A clip of ``frames`` that AnimateDiff samples in windows of ``window`` frames; ``started`` in seconds."""

    frames: int
    window: int
    started: float = field(default_factory=time.time)

    @property
    def slides(self) -> bool:
        """Whether it takes several windows a step."""
        return self.frames > self.window

    def row_order(self) -> Literal["pairs", "apart"]:
        """How the host orders the rows of a window: with batch_cond_uncond a call has both kinds."""
        from modules import shared

        return "pairs" if getattr(shared.opts, "batch_cond_uncond", True) else "apart"


def clip_of(p: Processing) -> AnimatedClip | None:
    """The clip that AnimateDiff makes of this generation; None where it is not there or off.

    Read when all scripts have had their before_process, in which AnimateDiff sets its numbers.
    """
    for script in getattr(getattr(p, "scripts", None), "alwayson_scripts", ()):
        if str(script.title()).lower() != _TITLE:
            continue
        values = p.script_args[script.args_from : script.args_to]
        params = values[0] if values else None
        if not _value(params, "enable", default=False):
            return None
        window = _count(params, "batch_size", 16)
        pictures = len(getattr(p, "init_images", None) or ())  # several are the frames of a video (img2img's Batch)
        return AnimatedClip(pictures if pictures > 1 else _count(params, "video_length", 0) or window, window)
    return None


def notes(p: Processing, clip: AnimatedClip | None, arguments: FaceArguments) -> list[str]:
    """What the user should know about a clip with a person."""
    if clip is None:
        return []
    if not _has_motion_modules(p):
        return [
            "AnimateDiff is on, but no motion module is in the U-Net: the frames will be single pictures. Put a motion "
            "module into its model folder and choose it."
        ]
    found = [f"AnimateDiff makes {clip.frames} frames{_windows(clip)}; the person is in every frame."]
    off = [name for name, on in (("repair faces", arguments.repair_faces), *settings.frame_mixing_speedups()) if on]
    if off:
        found.append(f"Off in a clip, because frames would be mixed or flicker: {', '.join(off)}.")
    return found


def label_files(p: Processing, processed: Processed, clip: AnimatedClip | None) -> None:
    """Label the videos that AnimateDiff has written for this generation; a file that cannot be is named in the log."""
    if clip is None or not processed.infotexts:
        return
    folder = Path(str(getattr(p, "outpath_samples", ""))) / "AnimateDiff"
    packet = packet_for(processed.infotexts[0])
    if not packet or not folder.is_dir():
        return
    for file in folder.rglob("*"):
        if file.suffix.lower() in _VIDEOS and file.stat().st_mtime >= clip.started - 1:
            write_label(file, packet)


def _windows(clip: AnimatedClip) -> str:
    return f" in sliding windows of {clip.window}" if clip.slides else ""


def _has_motion_modules(p: Processing) -> bool:
    """Whether the U-Net has them; True where it cannot be seen (the Forge line keeps them in a wrapper)."""
    if hasattr(p.sd_model, "forge_objects"):
        return True
    unet = p.sd_model.model.diffusion_model if p.sd_model is not None else None
    return unet is not None and any(_MOTION in name for name, _ in unet.named_modules())


def _value(params: object, name: str, *, default: object) -> object:
    return params.get(name, default) if isinstance(params, Mapping) else getattr(params, name, default)


def _count(params: object, name: str, default: int) -> int:
    value = _value(params, name, default=default)
    return int(value) if isinstance(value, (int, float)) and value >= 0 else default
