"""The catalogue: every style passes the checks, and what is promised about all of them holds."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from facechain_ext.styles import StyleError, catalogue, search, tag_names
from facechain_ext.styles.style import ADAPTERS, NEGATIVE, SUBJECTS, parse_style

STYLES = catalogue()
CHINESE = re.compile(r"[\u4e00-\u9fff]")
MINORS = re.compile(r"\b(girl|boy|child|kid|loli|teen|schoolgirl)\b", re.IGNORECASE)
INDECENT = re.compile(r"\b(nude|naked|nsfw|sexy|cleavage|breasts?|lingerie|erotic|topless|underwear)\b", re.IGNORECASE)


def test_the_catalogue_has_enough_styles():
    assert len(STYLES) >= 110
    assert sum(style.lora is None for style in STYLES.values()) >= 40
    assert sum(style.lora is not None for style in STYLES.values()) >= 68


def test_they_are_not_all_for_women():
    subjects = Counter(style.subject for style in STYLES.values())
    assert subjects["anyone"] > len(STYLES) / 2
    assert min(subjects[subject] for subject in SUBJECTS) >= 5


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_each_style(style):
    assert CHINESE.search(style.zh)
    assert not CHINESE.search(style.en + style.prompt + style.negative)
    assert 60 <= len(style.prompt) <= 220
    assert style.negative
    assert 2 <= len(style.tags) <= 4
    assert len(set(style.tags)) == len(style.tags)
    assert 0.3 <= style.strength <= 0.8
    assert style.adapter in ADAPTERS
    assert not INDECENT.search(style.positive)
    assert style.subject == "child" or not MINORS.search(style.positive)
    if style.lora is not None:
        assert style.lora.source is not None
        assert style.lora.file.endswith(".safetensors")
        assert 0.1 <= style.lora.weight <= 1.0
    if style.subject == "child":
        assert style.lora is None
        assert style.family == "children"


def test_names_prompts_and_tags_are_unique_and_translated():
    for field in ("en", "zh", "prompt"):
        double = [v for v, n in Counter(getattr(s, field) for s in STYLES.values()).items() if n > 1]
        assert not double, field
    used = {tag for style in STYLES.values() for tag in style.tags}
    assert used == set(tag_names())


def test_one_file_name_is_one_lora():
    """Two LoRAs with the same file name in their repositories must be saved under different names."""
    places = {}
    for style in STYLES.values():
        if style.lora is not None:
            source = (style.lora.source.repository, style.lora.source.revision, style.lora.source.path)
            assert places.setdefault(style.lora.file.casefold(), source) == source


def test_common_words_come_along():
    style = STYLES["motor-racing"]
    assert style.full_negative.startswith(NEGATIVE)
    assert style.full_negative.endswith(style.negative)
    assert STYLES["dopamine"].positive.startswith("colorfashionstyle, ")


@pytest.mark.parametrize(
    ("query", "first"),
    [("polaroid", None), ("Instant", "polaroid"), ("拍立得", "polaroid"), ("wedding film", "wedding-film"),
     ("tuxedo", "tuxedo"), ("RED CARPET", "tuxedo"), ("水彩", "watercolour"), ("sunflower", "sunflowers")],
)  # fmt: skip
def test_search_by_words_of_both_languages(query, first):
    found = search(STYLES.values(), query)
    assert found
    assert first is None or found[0].key == first


def test_search_by_tag_in_chinese_and_english_is_the_same():
    tagged = {s.key for s in STYLES.values() if "snow" in s.tags}
    assert tagged
    assert tagged <= {s.key for s in search(STYLES.values(), "雪")}
    assert {s.key for s in search(STYLES.values(), tags=["snow"])} == tagged
    assert tagged <= {s.key for s in search(STYLES.values(), "snow")}


def test_search_by_subject():
    for subject in SUBJECTS:
        assert {s.subject for s in search(STYLES.values(), subject=subject)} == {"anyone", subject}


def test_search_without_words_keeps_everything_in_order():
    assert search(STYLES.values()) == list(STYLES.values())
    assert search(STYLES.values(), "   ") == list(STYLES.values())
    assert search(STYLES.values(), "no such thing") == []


GOOD = {"en": "A", "zh": "一", "subject": "anyone", "tags": ["x"], "prompt": "p", "negative": "", "adapter": "majic",
        "strength": 0.5}  # fmt: skip
LORA = {"hub": "modelscope", "repository": "a/b", "revision": "v1", "file": "c.safetensors", "weight": 0.5}


@pytest.mark.parametrize(
    ("key", "raw", "message"),
    [
        ("../x", GOOD, "key"),
        ("CON x", GOOD, "key"),
        ("a", [], "table"),
        ("a", {**GOOD, "subject": "dog"}, "subject"),
        ("a", {**GOOD, "adapter": "xl"}, "adapter"),
        ("a", {**GOOD, "tags": "x"}, "tags"),
        ("a", {**GOOD, "tags": [""]}, "tags"),
        ("a", {**GOOD, "en": ""}, "en must"),
        ("a", {**GOOD, "en": "x" * 61}, "60"),
        ("a", {**GOOD, "zh": "a\x1b"}, "zh must"),
        ("a", {**GOOD, "prompt": "x" * 601}, "600"),
        ("a", {**GOOD, "prompt": 3}, "prompt"),
        ("a", {**GOOD, "strength": 1.5}, "strength"),
        ("a", {**GOOD, "strength": float("nan")}, "strength"),
        ("a", {**GOOD, "strength": True}, "strength"),
        ("a", {**GOOD, "run": "x"}, "unknown"),
        ("a", {**GOOD, "lora": "x"}, "lora"),
        ("a", {**GOOD, "lora": {**LORA, "file": "../c.safetensors"}}, "not safe"),
        ("a", {**GOOD, "lora": {**LORA, "save_as": "../c.safetensors"}}, "contains"),
        ("a", {**GOOD, "lora": {**LORA, "repository": "a/../b"}}, "repository"),
        ("a", {**GOOD, "lora": {**LORA, "weight": 9}}, "weight"),
        ("a", {**GOOD, "lora": {**LORA, "weight": "x"}}, "weight"),
        ("a", {**GOOD, "lora": {**LORA, "hub": "ftp"}}, "hub"),
    ],
)
def test_invalid_styles_are_refused_with_the_reason(key, raw, message):
    with pytest.raises(StyleError, match=message):
        parse_style(key, raw, "test")


def test_valid_styles_are_accepted():
    assert parse_style("a", GOOD, "test").lora is None
    assert parse_style("a", {**GOOD, "lora": LORA}, "test").lora.source.path == "c.safetensors"
