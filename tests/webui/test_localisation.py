"""The Chinese interface: the file that the host reads covers every text of the accordion and of the tab."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

gr = pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

from facechain_ext.page.host import Offers  # noqa: E402
from facechain_ext.styles import catalogue  # noqa: E402
from tests.webui import fake_host  # noqa: E402
from tests.webui.page_texts import texts_of  # noqa: E402

EXAMPLES = {"Anna: 0.5, 0, 1, 1"}
FILE = Path(__file__).resolve().parents[2] / "localizations" / "zh_CN.json"


class Showcase:
    """A host that only says what there is, so that the whole page can be built."""

    name = "showcase"

    def __init__(self, folder):
        self.folder = folder

    def offers(self):
        everything = dict.fromkeys(("openpose", "openpose_face", "depth", "canny"), "")
        return Offers(samplers=("Euler",), adapters=("auto",), upscalers=("Latent",), controls=everything)

    def send_targets(self):
        return ("txt2img", "img2img", "inpaint", "extras")

    def lora_folders(self):
        return (self.folder,)

    def checkpoint_files(self):
        return {"small.safetensors": self.folder / "small.safetensors"}

    def training_python(self):
        return None

    def output_folder(self):
        return self.folder

    def interrupt(self):
        raise AssertionError("building the page interrupts nothing")


@pytest.fixture(scope="module")
def translated():
    def unique(pairs):
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys))
        return dict(pairs)

    return json.loads(FILE.read_text(encoding="utf-8"), object_pairs_hook=unique)


@pytest.fixture
def host(monkeypatch, tmp_path):
    installed = fake_host.install(monkeypatch, tmp_path)
    from facechain_ext.webui import script
    from facechain_ext.weights import set_models_folder

    script.register()
    installed.script = script.FaceChainScript()
    yield installed
    set_models_folder(None)


def data_texts():
    """Names that are the same in every language, or bring their own Chinese one."""
    from facechain_ext.weights.manifest import manifest

    entries = manifest().values()
    names = {text for one in entries for text in (one.title, one.licence, one.key, str(one.sources[0]))}
    return {style.en for style in catalogue().values()} | names


def missing(texts, translated, folder):
    """What of ``texts`` is not translated, apart from names, sizes, and sentences with a folder of this machine."""
    told = translated.keys() | data_texts()
    return sorted(
        text
        for text in texts
        if text not in told and str(folder) not in text and not text.endswith((" MB", " styles"))
        and not any(licence in text for licence in ("commercial use:",))
    )  # fmt: skip


def test_every_text_of_the_accordion_is_there(host, translated, tmp_path):
    with gr.Blocks() as page:
        host.script.ui(is_img2img=False)
    assert missing(texts_of(page) - EXAMPLES, translated, tmp_path) == []


def test_every_text_of_the_tab_is_there(host, translated, tmp_path):
    from facechain_ext.page.page import build

    texts = texts_of(build(Showcase(tmp_path)))
    assert not any("cannot be shown" in text for text in texts)
    assert len(texts) > 200
    assert missing(texts - EXAMPLES, translated, tmp_path) == []


def test_every_text_of_the_settings_and_the_axes_is_there(host, translated):
    for callback in host.callbacks.settings:
        callback()
    labels = {option.label for option in host.shared.opts.added.values()}
    hints = {option.hint for option in host.shared.opts.added.values()}
    assert missing(labels | hints, translated, "") == []


def test_nothing_is_left_in_english_and_no_entry_is_empty(translated):
    assert all(value.strip() for value in translated.values())
    same = {key for key, value in translated.items() if key == value}
    assert same <= {"FaceChain", "LoRA"}
