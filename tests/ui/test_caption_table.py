"""The table of captions on the page, and the rows that come back from it."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest

from facechain_ext.errors import InputError
from facechain_ext.ui.train.caption_table import captions_html, edited_captions

ROWS = [["a.png", "yes", "a <b>bold</b> & 'quoted' \"cat\"", ""], ["b'\"<i>.png", "no", "", "two faces & a dog"]]


class Cells(HTMLParser):
    """What a browser reads: names of files, ticks, texts."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.files, self.ticks, self.texts, self.names = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        found = dict(attributes)
        self.names += [found["aria-label"]] if "aria-label" in found else []
        self.files += [found["data-file"]] if "data-file" in found else []
        self.ticks += ["checked" in found] if tag == "input" else []

    def handle_data(self, text):
        self.texts.append(text.removeprefix("\n"))


@pytest.mark.parametrize("columns", [3, 4])
def test_what_is_shown_is_escaped_and_has_names(columns):
    text = captions_html("Decisions & captions", [row[:columns] for row in ROWS])
    cells = Cells(text)
    assert set(cells.tags) == {"table", "tr", "th", "td", "input", "textarea"}
    assert cells.files == [row[0] for row in ROWS]
    assert cells.ticks == [True, False]
    assert ROWS[0][2] in cells.texts
    assert ("two faces & a dog" in cells.texts) == (columns == 4)
    named = [f"{what} {row[0]}" for row in ROWS for what in ("use", "caption of")]
    assert cells.names == ["Decisions & captions", *named]


def test_without_rows_there_is_no_table():
    assert captions_html("Captions", []) == ""


@pytest.mark.parametrize("rows", [[], [["a.png", "yes", "words, \u2028 and more"], ["b.png", "no", ""]]])
def test_rows_come_back_as_they_were_written(rows):
    assert edited_captions(json.dumps(rows) if rows else "") == rows


@pytest.mark.parametrize("text", ["{", "1", "[1]", '[["a.png", "yes"]]', '[["a", "yes", "b", "c"]]'])
def test_a_text_that_is_no_table_is_refused(text):
    with pytest.raises(InputError, match="could not be read; reload the page"):
        edited_captions(text)
