"""When the adapter's weights are on the device: between pictures, after errors, in the next generation."""

from __future__ import annotations

import pytest

from tests.hosts.webui.fake_host import generation, is_unhooked


@pytest.fixture(scope="module")
def models(card_models):
    return card_models


CARD = {"card": "Anna", "strength": 1.0}


@pytest.mark.parametrize(("medvram", "between"), [(False, [False, True, True]), (True, [False, False, False])])
def test_weights_stay_loaded_between_the_pictures_of_one_generation(host, unet, monkeypatch, medvram, between):
    from modules import shared

    from facechain_ext.hosts.webui.face_run import FaceRun

    monkeypatch.setattr(shared.cmd_opts, "medvram", medvram)
    run = generation(host, unet, CARD, batches=3)
    seen, process_batch = [], host.script.process_batch

    def watched(p, *args, **kwargs):
        seen.append(FaceRun.keeping_loaded is not None)
        process_batch(p, *args, **kwargs)

    monkeypatch.setattr(host.script, "process_batch", watched)
    run.run()
    assert seen == between
    assert FaceRun.keeping_loaded is None
    assert is_unhooked(unet)


def test_weights_are_offloaded_when_a_later_picture_fails(host, unet):
    from facechain_ext.hosts.webui.face_run import FaceRun

    run = generation(host, unet, CARD, batches=2)
    host.script.process(run, *run.args)
    run.n_iter = 2
    host.script.process_batch(run, *run.args)
    run.sample()
    adapter = FaceRun.keeping_loaded.prepared.adapter
    assert adapter.residency.loads == 1
    run.iteration, run.fail_at = 1, 1
    host.script.process_batch(run, *run.args)
    with pytest.raises(RuntimeError, match="another script failed"):
        run.sample()
    assert FaceRun.keeping_loaded is None
    assert adapter.residency.loads == 0


def test_the_next_generation_offloads_what_an_error_left(host, unet):
    from facechain_ext.hosts.webui.face_run import FaceRun

    run = generation(host, unet, CARD, batches=2)
    host.script.process(run, *run.args)
    run.n_iter = 2
    host.script.process_batch(run, *run.args)
    run.sample()  # and then the host fails while it decodes
    adapter = FaceRun.keeping_loaded.prepared.adapter
    host.script.before_process(run, *run.args)
    assert FaceRun.keeping_loaded is None
    assert adapter.residency.loads == 0
