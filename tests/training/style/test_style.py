"""A style from pictures: the table, the LoRA's names, stopping and going on, the style entry."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys

import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

from facechain_ext.errors import FaceChainError, HostError, PhotoError
from facechain_ext.portrait.job import Lora
from facechain_ext.standalone.checkpoint import load_checkpoint
from facechain_ext.standalone.loras import applied
from facechain_ext.standalone.small.layout import WIDTH
from facechain_ext.styles import find_style
from facechain_ext.training.style.pictures import TABLE, caption_table, centre_square, usable
from facechain_ext.training.style.run import StyleRequest, StyleSettings, train_style
from facechain_ext.training.world import nuisance, person, render, scene

FEW = StyleSettings(steps=3, rank=2, size=64, save_every=1, preview_every=3, rate=1e-3)


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(5):
        drawn = render(person(number), scene(number), nuisance(number))
        Image.fromarray(drawn.pixels).resize((80, 100)).save(folder / f"red_hat-{number}.png")
    (folder / "red_hat-1.txt").write_text("a woman\nby the sea")
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


@pytest.fixture
def request_of(small, pictures, tmp_path, monkeypatch):
    monkeypatch.setenv("FACECHAIN_MODELS_DIR", str(tmp_path / "models"))

    def make(name="My Style", work="work"):
        return StyleRequest(small.checkpoint, pictures, name, "zwx", tmp_path / work, tmp_path / "Lora")

    return make


def test_the_table_is_made_once_and_the_users_words_stay(pictures):
    rows = {row.file: row for row in caption_table(pictures, "zwx")}
    assert rows["red_hat-0.png"].caption == "zwx, red hat"
    assert rows["red_hat-1.png"].caption == "zwx, a woman by the sea"
    assert not rows["broken.png"].use
    assert "not a picture" in rows["broken.png"].problem
    with (pictures / TABLE).open(newline="") as file:
        lines = list(csv.reader(file))
    lines[2][2] = "zwx, my own words"
    with (pictures / TABLE).open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    again = {row.file: row for row in caption_table(pictures, "zwx")}
    assert again[lines[2][0]].caption == "zwx, my own words"
    assert len(usable(pictures, list(again.values()), 64)) == 5


@pytest.mark.parametrize(
    ("stem", "caption"),
    [
        ("red_hat-0", "zwx, red hat"),
        ("a-tree-2", "zwx, a tree"),
        ("cut 3 (1)", "zwx, cut"),
        ("hat2", "zwx, hat"),
        ("style-1a2b3c4d", "zwx, style"),  # what a name without Latin letters becomes
        ("0001", "zwx"),
    ],
)
def test_captions_have_the_words_of_the_files_name(tmp_path, stem, caption):
    Image.new("RGB", (8, 8)).save(tmp_path / f"{stem}.png")
    assert caption_table(tmp_path, "zwx")[0].caption == caption


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "red_hat-0.png").unlink(), r"4 pictures can be used.*broken.png"),
        (lambda f: (f / TABLE).write_text("file,use,caption,problem\ngone.png,yes,x,\n"), "names gone.png"),
        (lambda f: (f / TABLE).write_text("a,b\n1,2\n"), "lacks the columns"),
        (lambda f: [path.unlink() for path in f.iterdir()], "has no pictures"),
    ],
)
def test_refuses_pictures_that_will_not_do(pictures, spoil, message):
    spoil(pictures)
    with pytest.raises(PhotoError, match=message):
        usable(pictures, caption_table(pictures, "zwx"), 64)


def test_a_tall_picture_is_cut_near_the_top():
    import numpy as np

    pixels = np.zeros((80, 40, 3), np.uint8)
    pixels[10:50] = 255
    assert centre_square(pixels, 40).min() == 255


def test_trains_a_lora_that_diffusers_and_the_webui_read(request_of, small, tmp_path):
    events = []
    final = train_style(request_of(), FEW, report=lambda event: events.append(event) or True)
    assert final == tmp_path / "Lora" / "my-style.safetensors"
    assert [event["event"] for event in events] == ["not used", "started", *["step"] * 3, "preview", "done"]
    state = load_file(final)
    modules = {key.rpartition(".lora_")[0] or key.removesuffix(".alpha") for key in state}
    assert "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q" in modules
    assert "lora_unet_mid_block_attentions_0_transformer_blocks_0_ff_net_0_proj" in modules
    assert "lora_unet_up_blocks_3_attentions_2_transformer_blocks_0_attn2_to_out_0" in modules
    for module in modules:
        down, up, alpha = (state[f"{module}.{part}"] for part in ("lora_down.weight", "lora_up.weight", "alpha"))
        assert (down.shape[0], up.shape[1], float(alpha)) == (2, 2, 2.0)
        assert module.startswith("lora_unet_")
    with safe_open(final, framework="pt") as file:
        assert file.metadata()["ss_network_module"] == "networks.lora"
    checkpoint = load_checkpoint(small.checkpoint)
    x, text = torch.randn(1, 4, 8, 8), torch.randn(1, 5, WIDTH)
    with torch.no_grad():
        plain = checkpoint.unet(x, 10, text).sample
        with applied(checkpoint, [Lora(str(final), 1.0)]):
            assert not torch.equal(checkpoint.unet(x, 10, text).sample, plain)
        assert torch.equal(checkpoint.unet(x, 10, text).sample, plain)
    style = find_style("my-style")
    assert (style.lora.file, style.lora.trigger, style.family) == ("my-style.safetensors", "zwx", "own")
    with pytest.raises(FaceChainError, match="not overwritten"):
        train_style(request_of(work="other"), FEW)


def test_going_on_makes_the_same_updates(request_of):
    whole, parts = [], []
    train_style(request_of("a", "a"), FEW, report=lambda e: whole.append(e.get("loss")) or True)
    none = train_style(request_of("b", "b"), FEW, report=lambda e: parts.append(e.get("loss")) or e.get("step") != 2)
    assert none is None
    with pytest.raises(HostError, match="go on with --resume"):
        train_style(request_of("b", "b"), FEW)
    with pytest.raises(HostError, match="another training"):
        train_style(request_of("b", "b"), StyleSettings(steps=3, rank=2, size=64, rate=5e-4), resume=True)
    final = train_style(request_of("b", "b"), FEW, resume=True, report=lambda e: parts.append(e.get("loss")) or True)
    assert [loss for loss in parts if loss] == [loss for loss in whole if loss]
    one, other = (load_file(final.with_name(f"{name}.safetensors")) for name in "ab")
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_its_own_process_reports_in_json_and_stops_on_a_signal(small, pictures, tmp_path):
    command = [sys.executable, "-m", "facechain_ext", "train", "style", "--checkpoint", small.checkpoint]
    command += ["--pictures", pictures, "--name", "x", "--work", tmp_path / "w", "--lora-dir", tmp_path / "L"]
    command += ["--size", "64", "--rank", "1", "--steps", "100000"]
    environment = os.environ | {"FACECHAIN_MODELS_DIR": str(tmp_path / "models")}
    with subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True, env=environment) as process:
        events = []
        for line in process.stdout:
            events.append(json.loads(line))
            if events[-1]["event"] == "step":
                process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
    assert events[-1]["event"] == "stopped"
    assert (tmp_path / "w" / "style-state.safetensors").is_file()
    assert not (tmp_path / "L").exists()
