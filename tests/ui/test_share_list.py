"""The shares of a mix: a slider for each chosen card, and the text that holds them."""

from __future__ import annotations

import re

import pytest

from facechain_ext.ui.people.share_list import read_shares, share_list_html


def test_each_card_has_a_slider_under_its_name():
    page = share_list_html(["Anna", "<i>Ben</i> & 'Cleo'"], [30.0])
    assert re.findall(r"<label for='facechain_people_share_(\d)'>(.*?)</label>", page) == [
        ("1", "Anna"),
        ("2", "&lt;i&gt;Ben&lt;/i&gt; &amp; &#x27;Cleo&#x27;"),
    ]
    assert re.findall(r"value='([^']*)'", page) == ["30", "50"]


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("[30, 10]", [30, 10]),
        ("[30, 10, 5]", [30, 10]),
        ("[30]", [30, 50]),
        ("[-1, 1e9]", [0, 100]),
        ('[NaN, "10"]', [50, 50]),
        ("[true, null]", [50, 50]),
        ("", [50, 50]),
        (None, [50, 50]),
        ("{}", [50, 50]),
        ("[" * 100_000, [50, 50]),
    ],
)
def test_what_is_no_share_counts_as_half(text, shares):
    assert read_shares(text, 2) == shares
