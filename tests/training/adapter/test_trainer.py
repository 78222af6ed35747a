"""The loop: learning, going on after a kill, and refusing to harm what is there."""

from __future__ import annotations

import csv
import resource
from dataclasses import replace

import pytest
import torch

from facechain_ext.errors import HostError
from facechain_ext.methods.fact import load_adapter
from facechain_ext.training.adapter.batches import Batch, Batches, target_numbers
from facechain_ext.training.adapter.settings import Settings
from facechain_ext.training.adapter.state import STATE
from facechain_ext.training.adapter.trainer import LOSSES, Trainer, read_losses

TINY = Settings(steps=4, batch=2, rate=1e-3, warm_up=2, save_every=2, preview_every=100, seed=3)


@pytest.fixture
def trainer_of(models, encoder, adapter_of, rendered_people):
    from facechain_ext.hosts.diffusers.checkpoint import load_checkpoint

    def make(folder, settings=TINY, **more):
        checkpoint = load_checkpoint(models.checkpoint)
        batches = Batches(rendered_people, checkpoint.tokenizer, settings)
        return Trainer(checkpoint, encoder, adapter_of(checkpoint), batches, settings, folder, **more)

    return make


class KilledError(Exception):
    pass


@pytest.mark.parametrize(("dies_in", "accumulate"), [(1, 1), (3, 1), (3, 2)])
def test_a_killed_training_goes_on_bit_for_bit(trainer_of, tmp_path, dies_in, accumulate):
    settings = replace(TINY, accumulate=accumulate)
    whole = trainer_of(tmp_path / "whole", settings)
    whole.run()

    def die(report):
        if report.step == dies_in:
            raise KilledError
        return True

    with pytest.raises(KilledError):
        trainer_of(tmp_path / "parts", settings).run(die)
    kept = (tmp_path / "parts" / STATE).exists()
    if not kept:
        (tmp_path / "parts" / LOSSES).unlink()
    again = trainer_of(tmp_path / "parts", settings, resume=kept)
    assert again.step == (2 if kept else 0)
    again.run()
    assert read_losses(tmp_path / "parts") == read_losses(tmp_path / "whole")
    for one, other in zip(whole.adapter.parameters(), again.adapter.parameters(), strict=True):
        assert torch.equal(one, other)
    assert all(torch.equal(value, again.average[name]) for name, value in whole.average.items())


def test_stopping_saves_and_the_next_run_goes_on(trainer_of, tmp_path):
    trainer_of(tmp_path / "t").run(lambda report: report.step < 3)
    again = trainer_of(tmp_path / "t", resume=True)
    assert again.step == 3
    again.run()
    assert [row.step for row in read_losses(tmp_path / "t")] == [1, 2, 3, 4]


def test_writes_the_published_layout_with_its_settings(trainer_of, tmp_path):
    from safetensors import safe_open

    trainer = trainer_of(tmp_path / "t", metadata={"facechain.encoder": "abc"})
    previews = []
    trainer._preview = lambda step, adapter: previews.append(
        (step, torch.equal(next(adapter.parameters()), next(iter(trainer.average.values()))))
    )
    trainer.run()
    assert previews == [(4, True)]
    loaded = load_adapter(trainer.adapter_file)
    for (name, saved), kept in zip(loaded.named_parameters(), trainer.average.values(), strict=True):
        torch.testing.assert_close(saved, kept, msg=name)
    with safe_open(trainer.adapter_file, framework="pt") as file:
        words = file.metadata()
    assert words["facechain.step"] == "4"
    assert words["facechain.encoder"] == "abc"
    assert '"fair": 0.01' in words["facechain.settings"]


def test_refuses_to_overwrite_and_to_mix(trainer_of, tmp_path):
    trainer_of(tmp_path / "t").run()
    with pytest.raises(HostError, match="holds a training at step 4; nothing is overwritten"):
        trainer_of(tmp_path / "t")
    with pytest.raises(HostError, match="batch was 2, now 1"):
        trainer_of(tmp_path / "t", replace(TINY, batch=1), resume=True)
    with pytest.raises(HostError, match="begin without --resume"):
        trainer_of(tmp_path / "other", resume=True)
    longer = trainer_of(tmp_path / "t", replace(TINY, steps=5), resume=True)
    longer.run()
    assert longer.step == 5


def test_a_full_disk_leaves_the_state_of_before(trainer_of, tmp_path):
    trainer = trainer_of(tmp_path / "t")
    trainer.run(lambda report: report.step < 2)
    before = (tmp_path / "t" / STATE).read_bytes()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))
    try:
        with pytest.raises(HostError, match="the state of step 2 is whole"):
            trainer.run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert (tmp_path / "t" / STATE).read_bytes() == before
    assert not list((tmp_path / "t").glob("*.part"))


def test_a_loss_that_is_no_number_stops(trainer_of, tmp_path):
    trainer = trainer_of(tmp_path / "t")
    with torch.no_grad():
        trainer.adapter.block("mid_block.attentions.0").alpha_attn.fill_(float("nan"))
    with pytest.raises(HostError, match="step 1 is not a number"):
        trainer.run()


def test_every_photo_once_in_a_pass():
    settings = replace(TINY, batch=3)
    seen = [number for first in range(0, 12, 3) for number in target_numbers(6, settings, first)]
    assert sorted(seen[:6]) == sorted(seen[6:]) == list(range(6))
    assert seen[:6] != seen[6:]


def test_batches_shuffle_faces_and_drop_what_they_say(checkpoint, rendered_people):
    from facechain_ext.identity.encode import to_encoder_input

    own = [to_encoder_input(rendered_people.photo(n).aligned) for n in range(4)]
    everything = replace(TINY, batch=64, face_drop=0.25, text_drop=0.25)
    batch = Batches(rendered_people, checkpoint.tokenizer, everything)(0)
    targets = target_numbers(4, everything, 0)
    for target, face in zip(targets, batch.faces, strict=True):
        assert torch.equal(face, own[rendered_people.other_photos(target)[0]])
    plain = Batches(rendered_people, checkpoint.tokenizer, replace(everything, shuffle=False))(0)
    for target, face in zip(targets, plain.faces, strict=True):
        assert torch.equal(face, own[target])
    empty = (batch.token_ids[:, 1] == checkpoint.tokenizer.eos_token_id).float().mean().item()
    assert 0.1 < empty < 0.4
    assert 0.1 < 1 - batch.has_face.mean().item() < 0.4
    assert torch.equal(batch.noise, plain.noise)
    parts = [Batches(rendered_people, checkpoint.tokenizer, everything, process=p, processes=2)(0) for p in (0, 1)]
    assert not torch.equal(parts[0].noise, parts[1].noise)


def test_overfits_four_pictures(trainer_of, tmp_path):
    settings = replace(TINY, steps=400, batch=4, rate=3e-3, warm_up=5, fair=0.0, face_drop=0, text_drop=0, clip=10.0)
    settings = replace(settings, save_every=1000)
    trainer = trainer_of(tmp_path / "t", settings)
    one: Batch = trainer._batches(0)
    trainer._batches = lambda number: one
    trainer.run(lambda report: report.mse > 0.1 * read_losses(tmp_path / "t")[0].mse)
    losses = read_losses(tmp_path / "t")
    assert losses[-1].mse <= 0.1 * losses[0].mse, f"{losses[0].mse} -> {losses[-1].mse} in {len(losses)} steps"


def test_losses_are_a_table(trainer_of, tmp_path):
    trainer_of(tmp_path / "t").run()
    with (tmp_path / "t" / LOSSES).open() as file:
        assert next(csv.reader(file)) == ["step", "loss", "mse", "fair"]
