"""The bench measures what it says, on a small U-Net, and goes on where it was stopped."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from facechain_ext.bench import job as bench_job
from facechain_ext.bench.measure import Measurement, one_round, too_large
from facechain_ext.bench.report import machine, parts_table, plot, table
from facechain_ext.bench.rounds import BARE, Rounds
from facechain_ext.bench.variants import FACE_SHARE, VARIANTS, Bench, Case, Variant, face_mask
from facechain_ext.cli.main import app
from facechain_ext.errors import InputError
from facechain_ext.identity import TransFace
from tests import unets
from tests.methods.fact.test_attach import worst

SMALL = {
    "block_out_channels": unets.CHANNELS,
    "cross_attention_dim": unets.CONTEXT,
    "attention_head_dim": unets.HEADS,
    "norm_num_groups": 8,
}
CASE = Case(128, 1)
BY_NAME = {variant.name: variant for variant in VARIANTS}
EXACT, EINSUM = "exact", "published code (einsum)"


@pytest.fixture(scope="module")
def bench():
    return Bench.build("cpu", torch.float32, sizes=SMALL)


def run(bench, name):
    """What the U-Net gives in each of a variant's steps."""
    torch.manual_seed(3)
    sample, text = bench.inputs(CASE)
    arguments = BY_NAME[name].arguments(bench, CASE)
    outs = []
    with torch.no_grad(), BY_NAME[name].attached(bench, CASE) as attachment:
        for step in BY_NAME[name].steps:
            if attachment is not None:
                attachment.set_progress(step.progress)
            outs.append(bench.unet(sample, 500, text, **arguments).sample)
    return outs


def test_the_variants_are_what_their_names_say(bench):
    (bare,), (exact,), (einsum,) = run(bench, BARE), run(bench, EXACT), run(bench, EINSUM)
    assert worst(bare, exact) > 1e-4
    assert worst(einsum, exact) < 1e-5
    everywhere, inside = run(bench, "automatic region")
    assert worst(everywhere, exact) < 1e-6
    assert worst(inside, run(bench, "region of 15 %")[0]) < 1e-6
    computed, again = run(bench, "every second step")
    assert worst(computed, exact) < 1e-6
    assert worst(again, exact) < 1e-5  # the same inputs: what is added again is what would be computed
    alone = run(bench, "prompt's rows alone")[0]
    assert worst(alone[1], exact[1]) < 1e-5
    assert worst(alone[0], bare[0]) < 1e-5
    off, computed, again = run(bench, "preset Fast")
    assert worst(off, bare) == 0
    assert worst(computed, torch.stack([bare[0], exact[1]])) < 1e-5
    assert worst(again, computed) < 1e-5


def test_clips_are_measured_by_the_variants_that_keep_their_frames_apart():
    sizes = {"block_out_channels": unets.CHANNELS, "cross_attention_dim": unets.CONTEXT, "norm_num_groups": 8}
    heads = {"num_attention_heads": unets.HEADS, "motion_num_attention_heads": unets.HEADS}
    clips = Bench.build("cpu", torch.float32, sizes={**sizes, **heads}, frames=3)
    (bare,), (exact,), (alone,) = (run(clips, name) for name in (BARE, EXACT, "prompt's rows alone"))
    assert bare.shape == (2, 4, 3, 16, 16)
    assert all(worst(bare[:, :, frame], exact[:, :, frame]) > 1e-5 for frame in range(3))
    assert (worst(alone[0], bare[0]), worst(alone[1], exact[1])) == (0, pytest.approx(0, abs=1e-5))
    assert [one.name for one in VARIANTS if one.for_clips] == [BARE, EXACT, "prompt's rows alone", "preset Fast"]


def test_ip_adapter_changes_the_step_and_goes_again(bench):
    (bare,), (adapted,) = run(bench, BARE), run(bench, "IP-Adapter Plus of diffusers")
    assert worst(adapted, bare) > 1e-4
    assert worst(run(bench, BARE)[0], bare) == 0


def test_shares_of_the_steps_add_up():
    for variant in VARIANTS:
        assert sum(step.share for step in variant.steps) == pytest.approx(1)
    assert BY_NAME["automatic region"].steps[0].share == pytest.approx(5 / 25)
    assert BY_NAME["every second step"].steps[0].share == pytest.approx(14 / 25)
    assert [step.share for step in BY_NAME["preset Fast"].steps] == pytest.approx([5 / 25, 7 / 25, 13 / 25])
    assert float(face_mask((64, 64)).mean()) == pytest.approx(FACE_SHARE, abs=0.01)


def test_what_does_not_fit_is_reported(bench):
    assert too_large(bench, CASE, BY_NAME[EINSUM]) == ""
    words = too_large(bench, CASE, replace(BY_NAME[EINSUM], needs=lambda _bench, _case: 10**15))
    assert words.startswith("it needs 1000000 GB")
    tokens = 16 * 16 + 16
    assert BY_NAME[EINSUM].needs(bench, CASE) == 2 * (2 * unets.HEADS * tokens * tokens * 4)


def test_one_round_runs_each_variant_beside_the_bare_one(bench):
    said = []
    taken = one_round(bench, CASE, VARIANTS[:3], report=said.append)
    assert list(taken) == [BARE, EXACT, "automatic region"]
    assert all(isinstance(one, Measurement) and one.seconds > 0 for one in taken.values())
    assert len(said) == 3


def test_a_variant_that_runs_out_of_memory_is_reported(bench):
    def broken(_bench, _case):
        raise torch.cuda.OutOfMemoryError("no room")

    assert one_round(bench, CASE, [Variant("too much", broken)]) == {"too much": "the GPU's memory is too small"}


def test_rounds_are_kept_for_one_machine(tmp_path):
    path = tmp_path / "bench.json"
    kept = Rounds.read(path, "mine")
    for bare, exact in ((2.0, 3.0), (2.0, 5.0), (4.0, 5.6)):
        kept.rounds.append((CASE, {BARE: Measurement(bare, 10.0), EXACT: Measurement(exact, 12.0)}))
    kept.rounds.append((CASE, {BARE: Measurement(2.0, None)}))
    kept.operations[CASE, EXACT] = 3e9
    kept.skipped[CASE, EINSUM] = "it is too large"
    kept.write(path)
    again = Rounds.read(path, "mine")
    assert (again.rounds, again.operations) == (kept.rounds, kept.operations)
    assert Rounds.read(path, "another").rounds == []
    assert (kept.done(CASE, EXACT), kept.done(CASE, BARE), kept.done(Case(64, 1), BARE)) == (3, 4, 0)
    bare, exact, einsum = kept.results()
    assert (exact.seconds, exact.ratio, exact.spread, exact.megabytes) == (5.0, 1.5, (1.4, 2.5), 12.0)
    assert exact.least == pytest.approx(3.0 / 2.0)
    assert bare.ratio == 1
    assert einsum.skipped == "it is too large"
    text = table(kept.results())
    assert "| 128x128 | 1 | exact | 5 | 1.50 | 1.40 to 2.50, 3 rounds | 1.50 | 12 MB | 3 G |" in text
    assert "skipped: it is too large" in text
    plot(kept.results(), tmp_path / "bench.png")
    with Image.open(tmp_path / "bench.png") as picture:
        assert picture.width > 300


@pytest.mark.parametrize(
    "content", ["", "[]", '{"machine": "mine"', '{"machine": "mine"}', '{"machine": "mine", "rounds": [1]}']
)
def test_a_file_that_holds_no_measurements_is_named_and_kept(tmp_path, content):
    path = tmp_path / "bench.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"bench\.json holds no measurements"):
        Rounds.read(path, "mine")
    assert path.read_text() == content


def test_the_command_measures_what_is_missing_and_no_more(tmp_path, monkeypatch, bench):
    built = []

    def build(device, dtype, **_given):
        built.append(device)
        return bench if device == "cpu" else Bench(bench.unet, bench.adapter, torch.device("meta"), dtype)

    monkeypatch.setattr(Bench, "build", build)
    monkeypatch.setattr("facechain_ext.bench.operations.operations", lambda _case, _variant, _frames: 1e9)
    arguments = ["bench", "--sizes", "64", "--batches", "1", "--no-job", "--out", str(tmp_path)]

    def rounds(*more):
        result = CliRunner().invoke(app, [*arguments, *more])
        assert result.exit_code == 0, result.output
        rounds = json.loads((tmp_path / "bench.json").read_text())["rounds"]
        return [len(one["taken"]) for one in rounds]

    assert rounds("--rounds", "1", "--variant", EXACT) == [2]
    assert rounds("--rounds", "1", "--variant", EXACT) == [2]
    assert rounds("--rounds", "2", "--variant", EXACT) == [2, 2]
    assert rounds("--rounds", "1") == [2, 2, len(VARIANTS) - 1]
    assert "| 64x64 | 1 | exact |" in (tmp_path / "bench.md").read_text()
    assert machine(torch.float32) in (tmp_path / "bench.md").read_text()
    result = CliRunner().invoke(app, [*arguments, "--variant", "fast"])
    assert result.exit_code == 2
    assert "There is no variant" in result.output


def test_the_parts_of_a_job(bench, photo, host, models):
    pytest.importorskip("mediapipe")
    encoder = TransFace.from_file(models.encoder)
    own = replace(bench, unet=host.checkpoint.unet, adapter=host.adapter)
    parts = bench_job.job_parts(own, photo.read_bytes(), encoder=encoder)
    assert list(parts) == ["first run", "second run with the same photo", "each picture"]
    assert list(parts["first run"]) == ["photo to identity", "identity to tokens", "attach"]
    assert list(parts["each picture"]) == ["score", "save"]
    whole = bench_job.whole_portrait(host, encoder, photo.read_bytes(), side=64)
    assert list(whole)[-1] == "save"
    assert all(seconds > 0 for seconds in whole.values())
    assert "**together**" in parts_table(parts)
