"""Who describes training pictures: the host's networks, those in the models folder, or nobody."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from facechain_ext.errors import InputError, WeightsError
from facechain_ext.training_runs.captioners import FOLDER, TAGS, installed_captioners
from facechain_ext.ui.train.describing import NOBODY, captioner_help, captioner_names, chosen_captioner
from facechain_ext.weights import models_folder, set_models_folder


@pytest.fixture
def host(tmp_path):
    set_models_folder(tmp_path)
    (tmp_path / FOLDER / "wd").mkdir(parents=True)
    (tmp_path / FOLDER / "wd" / "model.onnx").write_bytes(b"x")
    (tmp_path / FOLDER / "wd" / TAGS).write_text("")
    (tmp_path / FOLDER / "base").mkdir()
    (tmp_path / FOLDER / "base" / "config.json").write_text("{}")
    (tmp_path / FOLDER / "something else").mkdir()
    yield SimpleNamespace(captioners=lambda: {"BLIP of the webui": lambda: lambda _pixels: "a red hat"})
    set_models_folder(None)


def test_the_choices_are_nobody_the_hosts_and_what_lies_in_the_models_folder(host):
    assert captioner_names(host) == [NOBODY, "BLIP of the webui", "BLIP base", "WD tagger wd"]
    assert str(models_folder() / FOLDER) in captioner_help()
    (models_folder() / FOLDER / "wd" / TAGS).unlink()
    assert list(installed_captioners()) == ["BLIP base"]


def test_a_choice_is_made_ready_when_it_is_used(host):
    assert chosen_captioner(host, NOBODY) is None
    assert chosen_captioner(host, "BLIP of the webui")(np.zeros((4, 4, 3), np.uint8)) == "a red hat"
    with pytest.raises(InputError, match="WD tagger gone is not here any more"):
        chosen_captioner(host, "WD tagger gone")
    pytest.importorskip("transformers")
    with pytest.raises(WeightsError, match="holds no BLIP model"):
        chosen_captioner(host, "BLIP base")
