"""The Chinese interface: the file that the host reads covers every text of the accordion and of the tab."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

gr = pytest.importorskip("gradio", reason="gradio is not installed; the host's environment has it")

from facechain_ext import doctor, styles
from facechain_ext.recipes.talking.engine_settings import EngineSettings
from facechain_ext.storage.toml import read_toml
from facechain_ext.styles import catalogue
from facechain_ext.ui.host import HostCapabilities
from facechain_ext.weights.manifest import manifest
from tests.hosts.webui import collected_texts
from tests.hosts.webui.page_texts import texts_of, texts_of_html

EXAMPLES = {"Anna: 0.5, 0, 1, 1"}
SCOPE = "FaceChain: "
"""The prefix of texts that are translated only on our page, by ``javascript/facechain_translate.js``."""
VALUE = re.compile(r"\{\d\}")
NOT_SHOWN = {
    "Model hash", "VAE hash", "Clip skip", "Schedule type", "Hires upscale", "Hires upscaler", "{0} LoRA weight",
    "DPM++ 2M SDE Karras", "Euler a", "My prompt is more important",
    "Use same choices", "{0} Window start", "{0} Window end", "Application Support", "FaceChain adapter",
    "FaceChain LoRA weight", "FaceChain PhotoMaker", "FaceChain class word", "FaceChain person mixing",
    "{0} scene CFG scale", "{0} scene LoRA weight",
    "FaceChain photo crop", "FaceChain style strength", "espeak-ng", "eSpeak NG", "The clip", "The photo",
    "The voice", *EXAMPLES,
    "FaceChain: picture is the finished picture whose faces are painted anew.",
    "FaceChain: {0} in base64; this text is not.",
}  # fmt: skip
"""Texts of the code that look like sentences and are none for users of the page.

They are labels in files, keys of the webui, names that messages are filled with, and faults of requests that the page
never makes.
"""
NAMES = {
    "FairFace ResNet-34", "MoonFilm film grain 2.0", "DamoFD", "SCRFD 10G", "ArcFace R50 (WebFace600K)",
    "PhotoMaker v1", "SDXL", "FaceChain v3", "SFace (OpenCV zoo)", "FaceNet (VGGFace2)", "majicMIX realistic v6",
    "Forge Classic", "Forge Neo", "Hugging Face", "LCM", "SadTalker",
}  # fmt: skip
"""The same in every language."""
SINGLE_WORDS = {
    "here", "missing", "ready", "not ready", "given", "changed", "not asked", "yes", "no", "unknown", "auto", "none",
    "the style's own", "keep", "pixelate", "anyone", "nobody", "woman", "man", "child", "Remove this photo",
    "Download this picture", "Face {0}: {1}",
    "Reload the list", "Styles", "all", "favourites", "file", "use", "caption", "Captions", "use {0}", "caption of {0}",
    "white", "blur",
    "{0} styles", "licence: {0}", "{0}; commercial use: {1}", "Drop File Here", "Drop Image Here", "- or -",
    "Click to Upload", "another kind of model", "adapter",
    "in sliding windows of {0}", "automatic region", "every second step", "no model.diffusion_model",
    "no forge_objects with a patcher of the U-Net", "{0} is stopped at step {1} of {2}.", "Done: {0}; {1}",
}  # fmt: skip
SINGLE_WORDS |= {one.purpose for one in doctor.PACKAGES} | {
    "Machine", "Packages", "Faces", "device", "folder", "catalogue", "own", "detector", "head mask", "likeness",
    "optional", "{0} styles, {1} of your own", "Part", "Name", "What it lacks",
}  # fmt: skip
"""Single words in tables and drop-downs, parts of sentences, texts of the page's scripts and of gradio."""
FILE = Path(__file__).resolve().parents[3] / "localizations" / "zh_CN.json"


class Showcase:
    """A host with capabilities but no model, for building the page."""

    name = "showcase"

    def __init__(self, folder):
        self.folder = folder

    def capabilities(self):
        everything = dict.fromkeys(("openpose", "openpose_face", "depth", "canny"), "")
        return HostCapabilities(samplers=("Euler",), adapters=("auto",), upscalers=("Latent",), controls=everything)

    def send_targets(self):
        return ("txt2img", "img2img", "inpaint", "extras")

    def engines(self):
        return EngineSettings("/opt/SadTalker", command="run {picture} {sound} {folder}")

    def lora_folders(self):
        return (self.folder,)

    def checkpoint_files(self):
        return {"small.safetensors": self.folder / "small.safetensors"}

    def captioners(self):
        return {}

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
def models(tmp_path):
    return tmp_path


def data_texts():
    """Names that are the same in every language, or bring their own Chinese one."""
    entries = manifest().values()
    names = {text for one in entries for text in (one.licence, one.key, str(one.sources[0]))}
    return {style.en for style in catalogue().values()} | names


def tags():
    """Every tag of a style and its Chinese word."""
    return read_toml(Path(styles.__file__).with_name("tags.toml"))["zh"]


def listed():
    """The texts of the tables and lists that the page fills in when they are first seen."""
    from facechain_ext.ui import models

    return texts_of_html(models.files_html() + models.repositories_table())


def uncovered(texts, translated):
    """What of ``texts`` is neither translated nor a name."""
    keys = [key.removeprefix(SCOPE) for key in translated if key.startswith(SCOPE)]
    patterns = [re.compile(VALUE.sub("(.+)", re.escape(key).replace(r"\{", "{").replace(r"\}", "}"))) for key in keys
                if VALUE.search(key)]  # fmt: skip
    known = {*keys, *data_texts(), *NAMES, *(key for key in translated if not key.startswith(SCOPE))}
    known_patterns = [*patterns, re.compile(r"[\d.]+ [MG]B")]

    def covered(text):
        """As the page's script does it: the text, or its beginning and the rest."""
        if text in known or text.rstrip(".,;:") in known or any(one.fullmatch(text) for one in known_patterns):
            return True
        ends = (found.end() for found in re.finditer(r"[.!?…:;,] ", text))
        return any(covered(text[:end].strip()) and covered(text[end:]) for end in ends)

    return sorted(text for text in texts if not covered(text))


def test_every_text_of_the_code_is_translated(translated):
    assert uncovered(collected_texts.texts().keys() - NOT_SHOWN | SINGLE_WORDS, translated) == []


def test_every_text_of_the_manifest_and_every_tag_is_translated(translated):
    entries = manifest().values()
    texts = {one.title for one in entries} | {one.purpose for one in entries}
    assert uncovered(texts | tags().keys(), translated) == []


def test_every_text_of_the_accordion_is_translated(host, translated):
    with gr.Blocks() as page:
        host.script.ui(is_img2img=False)
    assert uncovered(texts_of(page) - EXAMPLES, translated) == []


def test_every_text_of_the_tab_is_translated(host, translated, tmp_path):
    from facechain_ext.ui.page import build_page

    texts = texts_of(build_page(Showcase(tmp_path))) | listed()
    assert not any("cannot be shown" in text for text in texts)
    assert len(texts) > 200
    assert uncovered(texts - EXAMPLES, translated) == []


def test_only_texts_on_the_webuis_own_pages_have_global_keys(host, translated):
    """The webui replaces every text that equals a key, on all of its pages: a key Train would rename its tab."""
    for callback in host.callbacks.settings:
        callback()
    options = host.shared.opts.added.values()
    ours = {"FaceChain"} | {option.label for option in options} | {option.hint for option in options}
    everywhere = {key for key in translated if not key.startswith((SCOPE, "[FaceChain] "))}
    assert everywhere == ours - {""}


def test_every_value_of_a_text_is_in_its_translation(translated):
    wrong = {key for key, value in translated.items() if sorted(VALUE.findall(key)) != sorted(VALUE.findall(value))}
    assert wrong == set()


def test_no_translation_is_of_a_removed_text(host, translated, tmp_path):
    from facechain_ext.ui.page import build_page

    with gr.Blocks() as accordion:
        host.script.ui(is_img2img=False)
    entries = manifest().values()
    shown = texts_of(build_page(Showcase(tmp_path))) | listed() | texts_of(accordion) | collected_texts.texts().keys()
    shown |= {one.title for one in entries} | {one.purpose for one in entries} | tags().keys()
    keys = {key.removeprefix(SCOPE) for key in translated if key.startswith(SCOPE)}
    assert keys - shown - SINGLE_WORDS == set()


def test_no_translation_is_english_or_empty(translated):
    assert all(value.strip() for value in translated.values())
    same = {key for key, value in translated.items() if key.removeprefix(SCOPE) == value}
    assert same <= {"FaceChain", "FaceChain: FaceChain", "FaceChain: LoRA"}
