"""A style from pictures: the table, the LoRA's names, stopping and going on, the style entry."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from facechain_ext.demo.layout import WIDTH
from facechain_ext.errors import FaceChainError, HostError, PhotoError
from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint
from facechain_ext.hosts.diffusers.loras import apply_loras
from facechain_ext.recipes.job import Lora
from facechain_ext.styles import catalogue, find_style
from facechain_ext.training.style.run import train_style
from facechain_ext.training_runs.pictures import TABLE, caption_table, centre_square, training_examples
from facechain_ext.training_runs.settings import STATE, LoraSettings, StyleRequest
from facechain_ext.training_runs.status import read_status
from research.synthetic_world import nuisance, person, render, scene

FEW = LoraSettings(steps=3, rank=2, size=64, save_every=1, preview_every=3, rate=1e-3)


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
def request_of(models, pictures, tmp_path, monkeypatch):
    monkeypatch.setenv("FACECHAIN_MODELS_DIR", str(tmp_path / "models"))

    def make(name="My Style", work="work"):
        return StyleRequest(models.checkpoint, pictures, name, "zwx", tmp_path / work, tmp_path / "Lora")

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
    assert len(training_examples(pictures, list(again.values()), 64)) == 5


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
        training_examples(pictures, caption_table(pictures, "zwx"), 64)


def test_a_tall_picture_is_cut_near_the_top():
    import numpy as np

    pixels = np.zeros((80, 40, 3), np.uint8)
    pixels[10:50] = 255
    assert centre_square(pixels, 40).min() == 255


def test_trains_a_lora_that_diffusers_and_the_webui_read(request_of, models, tmp_path):
    events = []
    final = train_style(request_of(), FEW, report=lambda event: events.append(event) or True)
    assert final == tmp_path / "Lora" / "my-style.safetensors"
    kinds = [event["event"] for event in events if event["event"] != "activity"]
    assert kinds == ["not used", "memory", "started", *["step", "saved"] * 3, "preview", "done"]
    words = [event["words"] for event in events if event["event"] == "activity"]
    assert words[:3] == [
        "Reading the pictures",
        f"Loading the checkpoint {models.checkpoint.name}",
        "Encoding the pictures",
    ]
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
    checkpoint = load_checkpoint(models.checkpoint)
    x, text = torch.randn(1, 4, 8, 8), torch.randn(1, 5, WIDTH)
    with torch.no_grad():
        plain = checkpoint.unet(x, 10, text).sample
        with apply_loras(checkpoint, [Lora(str(final), 1.0)]):
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
    otherwise = replace(FEW, rate=5e-4, rank=3)
    with pytest.raises(HostError, match=r"learning rate was 0.001 and is 0.0005 now; the rank was 2 and is 3 now"):
        train_style(request_of("b", "b"), otherwise, resume=True)
    final = train_style(request_of("b", "b"), FEW, resume=True, report=lambda e: parts.append(e.get("loss")) or True)
    assert [loss for loss in parts if loss] == [loss for loss in whole if loss]
    one, other = (load_file(final.with_name(f"{name}.safetensors")) for name in "ab")
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_finished_training_goes_on_as_if_it_had_been_longer(request_of):
    final = train_style(request_of("long", "a"), replace(FEW, steps=5))
    short = request_of("short", "b")
    train_style(short, FEW)
    with pytest.raises(HostError, match="All 3 steps are made"):
        train_style(short, FEW, resume=True)
    steps = []
    extended = train_style(
        short, replace(FEW, steps=5), resume=True, report=lambda e: steps.append(e.get("step")) or True
    )
    assert min(step for step in steps if step) == 3
    one, other = load_file(final), load_file(extended)
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert find_style("short").lora.file == "short.safetensors"


def test_only_its_own_lora_is_replaced(request_of):
    train_style(request_of("x", "a"), FEW, report=lambda e: e.get("step") != 2)
    train_style(request_of("x", "b"), FEW)
    with pytest.raises(HostError, match="not from this training"):
        train_style(request_of("x", "a"), FEW, resume=True)


def test_a_name_of_a_built_in_style_is_refused_before_the_work(request_of):
    key = next(iter(catalogue()))
    with pytest.raises(FaceChainError, match="comes with the extension"):
        train_style(request_of(key), FEW)


def test_captions_may_change_and_a_checkpoint_may_not(request_of, models, tmp_path, pictures):
    train_style(request_of(), FEW, report=lambda e: e.get("step") != 1)
    state = tmp_path / "work" / STATE
    before = state.read_bytes()
    changed = tmp_path / "changed" / models.checkpoint.name
    changed.parent.mkdir()
    weights = load_file(models.checkpoint)
    weights[next(iter(weights))] += 1
    save_file(weights, changed)
    with pytest.raises(HostError, match="is another file than it was then"):
        train_style(replace(request_of(), checkpoint=changed), FEW, resume=True)
    with pytest.raises(HostError, match="trigger word was zwx and is other now"):
        train_style(replace(request_of(), trigger="other"), FEW, resume=True)
    assert state.read_bytes() == before
    table = pictures / TABLE
    table.write_text(table.read_text().replace("red hat", "a red hat"))
    events = []
    assert train_style(request_of(), FEW, resume=True, report=lambda e: events.append(e) or True)
    assert ["captions were changed" in event["words"] for event in events if event["event"] == "note"] == [True]


def test_a_damaged_state_is_named_and_stays(request_of, tmp_path):
    state = tmp_path / "work" / STATE
    state.parent.mkdir()
    state.write_bytes(b"damaged")
    with pytest.raises(HostError, match="is damaged"):
        train_style(request_of(), FEW, resume=True)
    assert state.read_bytes() == b"damaged"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit of a file's size to try a full disk with")
def test_a_full_disk_loses_at_most_the_steps_since_the_last_save(request_of):
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(event):
        if event["event"] == "saved":
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        return True

    try:
        with pytest.raises(HostError, match=r"state of step 2 cannot be written.*saved up to step 1"):
            train_style(request_of(), FEW, report=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    steps = []
    assert train_style(request_of(), FEW, resume=True, report=lambda e: steps.append(e.get("step")) or True)
    assert next(step for step in steps if step) == 1


KILLED = """
import sys
from pathlib import Path
from facechain_ext.training_runs.reporting import StatusReporter
with StatusReporter(Path(sys.argv[3]), "killed", 100000) as status:
    from facechain_ext.training.style.run import train_style
    from facechain_ext.training_runs.settings import LoraSettings, StyleRequest
    checkpoint, pictures, work = map(Path, sys.argv[1:4])
    settings = LoraSettings(steps=100000, rank=1, size=64, save_every=3)
    train_style(StyleRequest(checkpoint, pictures, "killed", "zwx", work), settings,
                report=lambda event: status.record_event(event)
                or print(event["event"], event.get("step"), flush=True) or True)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_a_killed_training_is_seen_and_goes_on_from_its_last_save(models, pictures, tmp_path):
    work = tmp_path / "w"
    command = [sys.executable, "-c", KILLED, str(models.checkpoint), str(pictures), str(work)]
    environment = os.environ | {"FACECHAIN_MODELS_DIR": str(tmp_path / "models")}
    saved = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        for line in process.stdout:
            event, _, step = line.strip().partition(" ")
            saved = int(step) if event == "saved" else saved
            if event == "step" and saved >= 3 and int(step) > saved:
                assert read_status(work).alive
                process.kill()
    status = read_status(work)
    assert (status.alive, status.ended, status.saved_step) == (False, False, saved)
    begun = []
    request = StyleRequest(models.checkpoint, pictures, "killed", "zwx", work, tmp_path / "Lora", catalogue=False)
    settings = LoraSettings(steps=100000, rank=1, size=64)
    train_style(request, settings, resume=True, report=lambda e: begun.append(e) or e["event"] != "started")
    assert next(event["step"] for event in begun if event["event"] == "started") == saved


def test_its_own_process_reports_in_json_and_stops_on_a_signal(models, pictures, tmp_path):
    command = [sys.executable, "-m", "facechain_ext", "train", "style", "--checkpoint", models.checkpoint]
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
