"""The webui keeps a user's defaults by tab and label, so that no two fields of the tab may share a label."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import facechain_ext.ui

FIELDS = re.compile(r"gr\.(?:Slider|Number|Textbox|Dropdown|Checkbox|Radio)\((?:[^()]|\([^()]*\))*?label=\"([^\"]+)\"")


def test_no_two_fields_share_a_label():
    from facechain_ext.ui.portrait.form import FIELDS as FORM

    folder = Path(facechain_ext.ui.__file__).parent
    written = [label for path in folder.rglob("*.py") for label in FIELDS.findall(path.read_text(encoding="utf-8"))]
    assert len(written) > 20
    counts = Counter([*written, *(field.label for field in FORM)])
    assert not [label for label, count in counts.items() if count > 1]


def test_the_forms_of_a_person_and_of_a_thing_share_no_label():
    import gradio as gr

    from facechain_ext.ui.train import person_layout

    kept = (gr.Slider, gr.Textbox, gr.Dropdown, gr.Checkbox)
    labels = []
    for person in (True, False):
        with gr.Blocks() as form:
            person_layout.build(SimpleNamespace(checkpoint_files=dict, captioners=dict), person=person)
        labels.append({field.label for field in form.blocks.values() if isinstance(field, kept) and field.label})
    assert min(map(len, labels)) > 4
    assert not labels[0] & labels[1]
