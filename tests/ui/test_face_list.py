"""The list of a template's faces: what its drop-downs offer and show, and the text that holds the choices."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from facechain_ext.ui.template.face_list import face_list_html, read_choices, write_choices

CHOICES = ["keep", "pixelate", "card: <b>'Anna' & \"Ben\"</b>"]


class Selects(HTMLParser):
    """Collects (id, options, selected option) of every drop-down."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        assert tag in {"div", "label", "select", "option"}
        if tag == "select":
            self.found.append([values["id"], [], None])
        elif tag == "option":
            self.found[-1][1].append(values["value"])
            if "selected" in values:
                self.found[-1][2] = values["value"]


def test_each_face_offers_every_choice_and_shows_its_own():
    parser = Selects()
    parser.feed(face_list_html(CHOICES, [CHOICES[2], "keep"]))
    assert parser.found == [
        ["facechain_template_face_1", CHOICES, CHOICES[2]],
        ["facechain_template_face_2", CHOICES, "keep"],
    ]


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        (write_choices(CHOICES), CHOICES),
        ("", []),
        (None, []),
        ("keep", []),
        ("{}", []),
        ('[1, null, "pixelate"]', ["keep", "keep", "pixelate"]),
        (write_choices(["pixelate"] * 99), ["pixelate"] * 10),
        ("[" * 100_000, []),
    ],
)
def test_a_text_that_holds_no_choices_changes_no_face(text, chosen):
    assert read_choices(text) == chosen
