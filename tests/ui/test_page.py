"""The tree of components: it builds on whatever gradio there is, and a sub-tab that fails says why in its place."""

from __future__ import annotations

import inspect
import subprocess
import sys
import typing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

gradio = pytest.importorskip("gradio", reason="gradio is not installed")

from facechain_ext.ui import page as page_module
from facechain_ext.ui.background_task import StopSignal
from facechain_ext.ui.gradio_versions import supported_options
from facechain_ext.ui.portrait.form import NAMES
from facechain_ext.ui.template import layout as template_layout
from facechain_ext.ui.template.finished import FinishedTemplate
from facechain_ext.weights import set_models_folder
from tests.ui.fakes import FakeHost


class FakePageHost(FakeHost):
    def send_targets(self):
        return ("txt2img", "extras")

    def captioners(self):
        return {}

    def training_python(self):
        return None

    def checkpoint_files(self):
        return {}

    def is_waiting(self):
        return False


@pytest.fixture
def host(tmp_path):
    set_models_folder(tmp_path)
    yield FakePageHost(tmp_path)
    set_models_folder(None)


def components(page):
    return {block.elem_id: block for block in page.blocks.values() if getattr(block, "elem_id", None)}


def test_every_setting_has_a_component_and_every_target_a_button(host):
    found = components(page_module.build_page(host))
    assert {f"facechain_{name}" for name in NAMES} <= set(found)
    assert {"facechain_send_txt2img", "facechain_send_extras", "facechain_gallery", "facechain_infotext"} <= set(found)
    assert "facechain_send_inpaint" not in found


def test_the_page_itself_imports_nothing_of_a_sub_tab():
    """A sub-tab is imported where its failure costs that sub-tab alone."""
    names = ("recipes.template", "recipes.talking", "ui.template", "ui.portrait", "ui.people", "ui.train", "ui.models")
    code = (
        "import sys, facechain_ext.ui.page; "
        f"print([name for name in sys.modules if name.removeprefix('facechain_ext.').startswith({names!r})])"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_new_results_of_picture_in_are_sent_from_the_first_on(host):
    """The gallery's selection is of the results before; the button beside it sends what is selected."""
    events = build_events(page_module.build_page(host))
    (selected,) = events["facechain_template_gallery", "select"]
    outputs = events["facechain_template_generate", "click"]
    before = np.zeros((8, 8, 3), np.uint8)
    picture = FinishedTemplate(Path("a.png"), "", Image.new("RGB", (8, 8)), before=before)
    *_, last = template_layout._run_with_progress(host, StopSignal(), lambda _report: ([picture], []))
    assert outputs.index(selected) == last.index(0)
    assert last[last.index(0) - 1] == [picture]


def build_events(page):
    """(element, event) -> the outputs of its first handler, whichever gradio there is."""
    names = {component["id"]: component["props"].get("elem_id") for component in page.config["components"]}
    found = {}
    for handler in page.config["dependencies"]:
        for one in handler["targets"]:
            target, event = one if "trigger" not in handler else (one, handler["trigger"])  # gradio 4, gradio 3
            found.setdefault((names.get(target), event), handler["outputs"])
    return found


def test_fields_that_share_a_label_begin_with_the_same_value(host):
    """The webui sets the first one's default in all of them."""
    values: dict[str, set[str]] = {}
    for block in page_module.build_page(host).blocks.values():
        if type(block).__name__ in {"Slider", "Number", "Textbox", "Dropdown", "Checkbox", "Radio"}:
            values.setdefault(str(block.label), set()).add(repr(block.value))
    values.pop("None", None)
    assert len(values) > 20
    assert {label: found for label, found in values.items() if len(found) > 1} == {}


def test_ids_are_ours_and_there_is_one_of_each(host):
    page = page_module.build_page(host)
    ids = [block.elem_id for block in page.blocks.values() if getattr(block, "elem_id", None)]
    assert all(one.startswith("facechain_") for one in ids)
    assert len(ids) == len(set(ids))


def test_a_sub_tab_that_cannot_be_imported_says_why_and_the_others_are_there(host, monkeypatch):
    monkeypatch.setitem(sys.modules, "facechain_ext.ui.people.layout", None)
    found = components(page_module.build_page(host))
    assert "halted" in found["facechain_people_failed"].value
    assert "facechain_generate" in found


def test_a_sub_tab_that_fails_half_way_hides_what_it_began(host, monkeypatch):
    def broken(_host):
        gradio.Button("half", elem_id="facechain_half")
        raise RuntimeError("<b>too late</b>")

    monkeypatch.setattr("facechain_ext.ui.portrait.layout.build", broken)
    found = components(page_module.build_page(host))
    assert "&lt;b&gt;too late" in found["facechain_portrait_failed"].value
    assert found["facechain_portrait"].visible is False
    assert "facechain_tab_models" in found


def test_options_that_a_release_does_not_know_are_left_out():
    def takes(new):
        return new

    assert supported_options(takes, old=1, new=2) == {"new": 2}


def test_galleries_show_pictures_and_take_none(host):
    galleries = [block for block in page_module.build_page(host).blocks.values() if isinstance(block, gradio.Gallery)]
    assert galleries
    if "interactive" in inspect.signature(gradio.Gallery.__init__).parameters:  # gradio 3 has no other galleries
        assert [block.interactive for block in galleries] == [False] * len(galleries)


def test_annotations_of_event_handlers_can_be_evaluated(host):
    """gradio finds a handler's SelectData parameter by its annotations: a name that is missing at run time hides it."""
    functions = page_module.build_page(host).fns
    handlers = [one.fn for one in (functions.values() if isinstance(functions, dict) else functions) if one.fn]
    assert len(handlers) > 40
    for handler in handlers:
        if inspect.isfunction(handler):  # of other callables gradio reads no annotations
            typing.get_type_hints(handler)
