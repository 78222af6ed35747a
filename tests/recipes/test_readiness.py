"""What is missing is said all at once, with the file that brings it; a checkpoint's defaults are read off its file."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from facechain_ext import next_steps
from facechain_ext.errors import WeightsError
from facechain_ext.recipes import readiness
from facechain_ext.recipes.readiness import LARGE, SMALL, USUAL, Need
from tests.weights.test_header import checkpoint


@pytest.fixture
def no_faces(monkeypatch):
    """Nothing here can find a face but facexlib, whose files are missing; as in a fresh webui."""
    kept = {"facexlib"}
    monkeypatch.setattr(next_steps, "is_installed", lambda package: package in kept)
    for name in ("DETECTORS", "HEAD_MASKERS"):
        bare = tuple(
            replace(
                one,
                find_weights=(lambda: None) if one.find_weights is not None else None,
                missing=(lambda: "Get its wheel.") if one.missing is not None else None,
            )
            for one in getattr(readiness, name)
        )
        monkeypatch.setattr(readiness, name, bare)


def test_an_empty_folder_needs_four_files_and_says_so_at_once(models_folder, no_faces):
    needs = readiness.file_needs()
    assert [need.keys for need in needs] == [
        ("transface",), ("adapter-majic",), ("facexlib-retinaface",), ("facexlib-bisenet",),
    ]  # fmt: skip
    with pytest.raises(WeightsError) as refused:
        readiness.require_ready(needs)
    assert all(need.what in str(refused.value) for need in needs)
    assert "Get what is missing" in str(refused.value)


def test_what_is_there_or_brought_by_the_host_is_not_needed(models_folder, no_faces):
    (models_folder / "transface.safetensors").write_bytes(b"x")
    assert ("transface",) not in [need.keys for need in readiness.file_needs()]
    assert [need.keys for need in readiness.file_needs(adapter=False)] == [
        ("facexlib-retinaface",), ("facexlib-bisenet",),
    ]  # fmt: skip
    folder = models_folder / "adapters"
    folder.mkdir()
    (folder / "mine.safetensors").write_bytes(b"x")
    assert ("adapter-majic",) not in [need.keys for need in readiness.file_needs()]


def test_nothing_is_refused_when_nothing_is_missing():
    readiness.require_ready(())


def test_what_only_the_user_can_change_is_said_with_its_remedy():
    with pytest.raises(WeightsError, match=r"It is too old\. Choose another\.") as refused:
        readiness.require_ready([Need("It is too old.", "Choose another.")])
    assert "Get what is missing" not in str(refused.value)


@pytest.mark.parametrize(
    ("state", "defaults", "needs"),
    [
        (checkpoint(64), SMALL, 0),
        (checkpoint(320), USUAL, 0),
        (checkpoint(320, sdxl=True), LARGE, 0),
        (checkpoint(320) | {"cond_stage_model.model.ln_final.weight": torch.zeros(1)}, USUAL, 1),
    ],
)
def test_a_checkpoint_says_what_suits_it_and_whether_another_is_needed(tmp_path, state, defaults, needs):
    path = tmp_path / "whatever-its-name.safetensors"
    save_file(state, path)
    assert readiness.drawing_defaults(path) == defaults
    assert defaults.suited_steps(30) == (20 if defaults is SMALL else 30)
    found = readiness.checkpoint_needs(path, "Choose another.")
    assert len(found) == needs
    assert all(path.name in need.what and "Stable Diffusion 2" in need.what for need in found)


def test_a_checkpoint_that_cannot_be_read_changes_nothing(tmp_path):
    path = tmp_path / "model.ckpt"
    torch.save({"a": torch.zeros(1)}, path)
    assert readiness.drawing_defaults(path) == USUAL
    assert readiness.checkpoint_needs(path, "") == ()
    assert readiness.drawing_defaults(None) == USUAL
