"""Training FACT on a checkpoint of SDXL's layout: two text encoders, sizes and crops, SDXL's VAE scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from facechain_ext.faces.types import Face
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.hosts.diffusers.sampling.conditions import guidance
from facechain_ext.methods.fact import load_adapter, new_adapter
from facechain_ext.training.adapter.batches import Batches
from facechain_ext.training.adapter.dataset import Photo
from facechain_ext.training.adapter.prepare import JournalEntry, square
from facechain_ext.training.adapter.sampling import SamplingSettings, generate_pictures
from facechain_ext.training.adapter.settings import Settings
from facechain_ext.training.adapter.text import text_inputs
from facechain_ext.training.adapter.trainer import Trainer, read_losses
from research.tiny_sdxl import TinySizes, make_tiny_sdxl
from tests.training.conftest import PROJECTOR

TINY = Settings(
    steps=200, batch=4, rate=3e-3, warm_up=5, fair=0.0, face_drop=0, text_drop=0, clip=10.0,
    save_every=1000, preview_every=1000, seed=3,
)  # fmt: skip
SIZES = TinySizes(second_width=64, second_layers=2, depths=(1, 2, 3))
"""Shallower than SDXL, so that a step takes a third: 28 blocks in place of 70."""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    files = make_tiny_sdxl(tmp_path_factory.mktemp("sdxl"), sizes=SIZES)
    return load_checkpoint(files.checkpoint, sdxl=True)


@pytest.fixture
def adapter(checkpoint):
    torch.manual_seed(7)
    width = checkpoint.unet.config.cross_attention_dim
    return new_adapter(checkpoint.unet, projector=replace(PROJECTOR, token_width=width), gate=0.3)


def test_the_text_is_that_of_the_host(checkpoint):
    ids = checkpoint.tokenizer(
        ["a photo of a person", ""], padding="max_length", truncation=True, max_length=77, return_tensors="pt"
    ).input_ids
    made = text_inputs(checkpoint, ids, torch.zeros(2, 6))
    for row, prompt in enumerate(["a photo of a person", ""]):
        expected = guidance(checkpoint, prompt, "", 1.0).positive
        torch.testing.assert_close(made.embeds[row], expected.embeds[0], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(made.added["text_embeds"][row], expected.pooled[0], rtol=1e-4, atol=1e-5)


def test_sizes_and_crops_go_from_the_photo_to_the_batch(checkpoint, rendered_people):
    face = Face((300.0, 40.0, 380.0, 140.0), np.zeros((5, 2), np.float32), 1.0)
    picture = type("Tall", (), {"pixels": np.zeros((200, 400, 3), np.uint8), "width": 400, "height": 200, "name": "p"})
    _, _, crop = square(picture, face, np.zeros((200, 400), bool), 100)
    assert crop == (0, 100)  # the rightmost square, in a photo that was scaled by a half
    entry = JournalEntry.of(
        '{"person": "a", "name": "p", "size": 9, "key": "k", "original": [200, 400], "crop": [0, 100]}'
    )
    assert (entry.original, entry.crop) == ((200, 400), (0, 100))
    assert JournalEntry.of('{"person": "a", "name": "p", "size": 9}').original is None
    square_photo = np.zeros((100, 100, 3), np.uint8)
    known = Photo(square_photo, square_photo[..., 0], square_photo, "", entry.original, entry.crop)
    assert known.time_ids == (200, 400, 0, 100, 100, 100)
    batch = Batches(rendered_people, checkpoint.tokenizer, TINY)(0)
    side = batch.pixels.shape[-1]
    assert batch.time_ids.tolist() == [[side, side, 0, 0, side, side]] * 4


def test_overfits_four_pictures_and_is_named_by_its_steps(checkpoint, adapter, encoder, rendered_people, tmp_path):
    scale = checkpoint.vae.config.scaling_factor
    assert scale == pytest.approx(0.13025)
    trainer = Trainer(checkpoint, encoder, adapter, lambda _number: one, TINY, tmp_path / "t")
    one = Batches(rendered_people, checkpoint.tokenizer, TINY)(0)
    trainer.run(lambda report: report.mse > 0.3 * read_losses(tmp_path / "t")[0].mse)
    losses = read_losses(tmp_path / "t")
    assert losses[-1].mse <= 0.3 * losses[0].mse, f"{losses[0].mse} -> {losses[-1].mse} in {len(losses)} steps"
    trainer.save(with_adapter=True)
    read = load_adapter(trainer.adapter_file)
    assert (read.family, read.trained_steps) == ("SDXL", len(losses))
    tokens = torch.zeros(1, read.sizes.projector.face_width)[None].expand(1, 4, -1)
    with_face, without = (
        generate_pictures(
            checkpoint, ["a photo"], [1], SamplingSettings(64, steps=2), adapter=read, face_tokens=tokens, strength=s
        )
        for s in (1.0, 0.0)
    )
    assert with_face.shape == (1, 64, 64, 3)
    assert not np.array_equal(with_face, without)
