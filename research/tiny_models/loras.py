"""Two style LoRAs of the tiny models, trained by the users' style trainer on filtered renderings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from facechain_ext.errors import Cancelled
from facechain_ext.training.style.run import train_style
from facechain_ext.training_runs.settings import STATE, LoraSettings, StyleRequest
from research.synthetic_world import caption, nuisance, person, render, scene
from research.tiny_models.stage import CURVE, append_curve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from facechain_ext.faces.types import Pixels
    from facechain_ext.training.lora.loop import Report
    from research.tiny_models.plan import Plan

_FIRST = 3_000_000
"""Person seed of the first picture; disjoint from the persons of every other stage and of the evaluation."""
_PICTURES = 24


def blueprint(pixels: Pixels) -> Pixels:
    """White lines on blue paper."""
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    lines = np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
    strength = np.clip(lines / 160, 0, 1)[..., None]
    paper = np.array((24, 62, 140), np.float32) + 0.12 * (gray[..., None] - 128)
    return np.asarray(np.clip(paper + strength * (240 - paper), 0, 255), np.uint8)


def poster(pixels: Pixels) -> Pixels:
    """Three flat tones: dark red, orange, cream."""
    gray = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (0, 0), 1.2)
    tones = np.array(((96, 20, 36), (232, 112, 52), (250, 236, 204)), np.uint8)
    return np.asarray(tones[np.digitize(gray, (90, 175))], np.uint8)


STYLES: dict[str, Callable[[Pixels], Pixels]] = {"blueprint": blueprint, "poster": poster}
"""Filters by style name, which is also the trigger word."""


def train_loras(plan: Plan, folder: Path, on_progress: Callable[[str, int, int, Mapping[str, float]], bool]) -> None:
    """Train on ``checkpoint.safetensors`` of ``folder`` and write ``lora-<style>.safetensors`` there.

    Skips finished styles and resumes an unfinished one. Raises Cancelled when ``on_progress`` returns False.
    """
    schedule, side = plan.loras, -(-plan.side // 64) * 64  # the style trainer takes multiples of 64 pixels
    settings = LoraSettings(
        steps=schedule.steps,
        batch=schedule.batch,
        rate=schedule.rate,
        rank=4,
        size=side,
        seed=plan.seed,
        save_every=plan.save_every,
        preview_every=schedule.steps,
    )
    for name in STYLES:
        if (folder / f"lora-{name}.safetensors").is_file():
            continue
        work = folder / "loras" / name
        pictures = _write_pictures(name, work / "pictures", side)
        request = StyleRequest(
            folder / "checkpoint.safetensors", pictures, f"lora-{name}", name, work, folder, catalogue=False
        )

        losses: list[float] = []

        def report(event: Report, name: str = name, work: Path = work, losses: list[float] = losses) -> bool:
            if event["event"] != "step":
                return True
            losses.append(event["loss"])
            if event["step"] % plan.save_every == 0 or event["step"] == event["steps"]:
                append_curve(work / CURVE, event["step"], {"loss": sum(losses) / len(losses)})
                losses.clear()
            return on_progress(f"LoRA {name}", event["step"], event["steps"], {"loss": event["loss"]})

        resume = (work / STATE).is_file()
        if train_style(request, settings, resume=resume, report=report) is None:
            raise Cancelled(f"Stopped in the LoRA {name}; the same command goes on there.")


def _write_pictures(name: str, folder: Path, side: int) -> Path:
    """Write the pictures of a style and their captions into ``folder``, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(_PICTURES):
        seed = _FIRST + number
        around = replace(scene(seed), style="photo")
        rendered = render(person(seed), around, nuisance(seed), side=side)
        Image.fromarray(STYLES[name](rendered.pixels)).save(folder / f"{number:02d}.png")
        (folder / f"{number:02d}.txt").write_text(caption(around), encoding="utf-8")
    return folder
