"""The tiny models as files for a webui: what ldm's own classes make of the configuration."""

from __future__ import annotations

import importlib
import json

import pytest

from facechain_ext.demo import random_models, shipped_models
from facechain_ext.demo.webui import NAME, install_into
from facechain_ext.errors import HostError
from facechain_ext.weights import read_state_dict


@pytest.fixture(scope="module")
def webui(tmp_path_factory):
    folder = tmp_path_factory.mktemp("webui")
    (folder / "models" / "Stable-diffusion").mkdir(parents=True)
    models = random_models(tmp_path_factory.mktemp("random"))
    return folder, models, install_into(folder, models)


def test_ldm_builds_a_unet_with_exactly_these_weights(webui):
    folder, models, _ = webui
    config = json.loads((folder / "models" / "Stable-diffusion" / f"{NAME}.yaml").read_text(encoding="utf-8"))
    facts = config["model"]["params"]["unet_config"]
    module, _, name = facts["target"].rpartition(".")
    unet = getattr(importlib.import_module(module), name)(**facts["params"])
    prefix = "model.diffusion_model."
    state = read_state_dict(models.checkpoint)
    mine = {key.removeprefix(prefix): value.shape for key, value in state.items() if key.startswith(prefix)}
    assert mine == {key: value.shape for key, value in unet.state_dict().items()}


def test_transformers_reads_words_and_configuration_from_the_folder(webui):
    from transformers import CLIPTextConfig, CLIPTokenizer

    words = webui[0] / "models" / "FaceChain" / f"{NAME}-clip"
    tokenizer = CLIPTokenizer.from_pretrained(str(words))
    assert tokenizer("a photo of a person").input_ids == [49406, 320, 1125, 539, 320, 2533, 49407]
    assert CLIPTextConfig.from_pretrained(str(words)).hidden_size == 64


def test_nothing_is_overwritten_and_other_folders_are_refused(webui, tmp_path):
    folder, models, written = webui
    assert all(path.exists() for path in written)
    with pytest.raises(HostError, match="exist already") as refused:
        install_into(folder, models)
    files = [path for path in written if path.name != "transface.safetensors"]
    assert all(str(path) in str(refused.value) for path in files)
    with pytest.raises(HostError, match="is no webui"):
        install_into(tmp_path, models)
    assert list(tmp_path.iterdir()) == []


def test_the_small_controlnet_is_put_nowhere_since_no_host_can_load_it(tmp_path):
    models = shipped_models()
    if models is None:
        pytest.skip("the trained small models are not here")
    (tmp_path / "models" / "Stable-diffusion").mkdir(parents=True)
    written = install_into(tmp_path, models)
    assert any("lora" in path.name for path in written)
    assert not [path for path in written if "openpose" in path.name or path.parent.name == "ControlNet"]


def test_an_encoder_that_is_there_stays(tmp_path, webui):
    (tmp_path / "models" / "Stable-diffusion").mkdir(parents=True)
    encoder = tmp_path / "models" / "FaceChain" / "transface.safetensors"
    encoder.parent.mkdir()
    encoder.write_bytes(b"the user's own")
    install_into(tmp_path, webui[1])
    assert encoder.read_bytes() == b"the user's own"


def test_an_earlier_small_encoder_is_named_like_the_rest(tmp_path, webui):
    (tmp_path / "models" / "Stable-diffusion").mkdir(parents=True)
    encoder = tmp_path / "models" / "FaceChain" / "transface.safetensors"
    encoder.parent.mkdir()
    encoder.write_bytes(bytes(webui[1].encoder.stat().st_size))
    with pytest.raises(HostError, match=r"delete them first: .*transface\.safetensors"):
        install_into(tmp_path, webui[1])
    assert not any((tmp_path / "models" / "Stable-diffusion").iterdir())
