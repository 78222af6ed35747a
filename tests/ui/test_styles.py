"""The gallery of styles, what a style suggests, and styles of one's own."""

from __future__ import annotations

import base64
import io
import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from facechain_ext.recipes.thumbnails import default_folder, thumbnail_path
from facechain_ext.styles import StyleError, all_styles, catalogue, find_style, save_style, set_favourite
from facechain_ext.styles.catalogue import PICTURES
from facechain_ext.styles.style import as_toml
from facechain_ext.ui.portrait import styles
from facechain_ext.ui.portrait.form import DEFAULTS, NO_LORA
from facechain_ext.ui.portrait.style_pictures import style_pictures
from facechain_ext.weights import set_models_folder


@pytest.fixture(autouse=True)
def models(tmp_path):
    set_models_folder(tmp_path)
    yield
    set_models_folder(None)


def keys(page):
    return re.findall(r'data-key="([^"]*)"', page)


def test_every_style_has_a_tile_and_none_comes_first():
    assert keys(styles.gallery_html(styles.filter_styles("", styles.EVERY), ())) == ["", *all_styles()]


@pytest.mark.parametrize("query", ["watercolour", "水彩"])
def test_searching_in_both_languages(query):
    assert "watercolour" in [style.key for style in styles.filter_styles(query, styles.EVERY)]


def test_favourites_come_first_and_can_be_had_alone():
    set_favourite("watercolour", on=True)
    assert styles.filter_styles("", styles.EVERY)[0].key == "watercolour"
    assert [style.key for style in styles.filter_styles("", styles.FAVOURITES)] == ["watercolour"]
    assert "★" in styles.gallery_html(styles.filter_styles("", styles.FAVOURITES), ())
    assert "★" in styles.style_details_html("watercolour", ())


def test_names_cannot_carry_anything_that_runs():
    style = replace(find_style("watercolour"), en="<img src=x onerror=alert(1)>", zh='"><script>')
    page = styles.gallery_html([style], ())
    assert "<img" not in page
    assert "<script" not in page


def pictures(rules):
    """Key -> picture of the rules that the browser gets."""
    found = re.findall(r'data-key="([^"]+)"\]\{background-image:[^}]*base64,([^)]+)\)', rules)
    return {key: Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB") for key, encoded in found}


def test_every_style_of_the_catalogue_has_a_picture_of_its_own():
    rules, _ = style_pictures()
    found = pictures(rules)
    assert list(found) == list(catalogue())
    assert {picture.size for picture in found.values()} == {(192, 192)}
    small = {key: np.asarray(picture.resize((8, 8)), np.float32) for key, picture in found.items()}
    alike = [(a, b) for a, b in itertools.combinations(small, 2) if np.abs(small[a] - small[b]).mean() < 4]
    assert not alike


def test_the_pictures_are_small_and_belong_to_styles():
    files = list(PICTURES.glob("*"))
    assert {file.stem for file in files} == set(catalogue())
    assert sum(file.stat().st_size for file in files) < 3_000_000


def test_a_picture_of_the_user_takes_the_place_of_the_drawn_one_and_a_broken_one_costs_only_itself(caplog):
    _, before = style_pictures()
    path = thumbnail_path(default_folder(), find_style("watercolour"))
    path.parent.mkdir(parents=True)
    Image.new("RGB", (256, 256), "red").save(path)
    rules, after = style_pictures(before)
    red, green, blue = pictures(rules)["watercolour"].getpixel((5, 5))
    assert red > 200
    assert max(green, blue) < 60
    assert style_pictures(after) is None, "a browser that has them gets nothing"
    path.write_bytes(b"no picture")
    rules, _ = style_pictures(after)
    assert set(pictures(rules)) == set(catalogue()) - {"watercolour"}
    assert str(path) in caplog.text


def test_a_tile_is_one_element():
    page = styles.gallery_html([find_style("watercolour")], ())
    assert page.count("<button") == 2
    assert re.search(r"<div[^>]*>(<button[^>]*>[^<]*</button>){2}</div>", page)
    assert "data:image" not in page


def test_a_missing_lora_is_said_on_tile_and_in_words(tmp_path):
    style = next(style for style in all_styles().values() if style.lora is not None)
    assert "LoRA missing" in styles.gallery_html([style], ())
    assert "is missing" in styles.style_details_html(style.key, ())
    (tmp_path / "lora").mkdir()
    (tmp_path / "lora" / style.lora.file).write_bytes(b"")
    assert "is missing" not in styles.style_details_html(style.key, (tmp_path / "lora",))


def test_only_a_lora_that_is_missing_and_has_a_source_can_be_downloaded(tmp_path):
    style = next(style for style in all_styles().values() if style.lora is not None and style.lora.source is not None)
    assert styles.can_download(style.key, (tmp_path,))
    (tmp_path / style.lora.file).write_bytes(b"")
    assert not styles.can_download(style.key, (tmp_path,))
    without = next(style for style in all_styles().values() if style.lora is None)
    assert not styles.can_download(without.key, (tmp_path,))
    assert not styles.can_download("", (tmp_path,))
    assert not styles.can_download("gone", (tmp_path,))


def test_a_style_that_is_gone():
    with pytest.raises(StyleError, match="gone"):
        styles.style_details_html("gone", ())


def test_suggestions_follow_only_what_the_user_left_alone():
    style = next(style for style in all_styles().values() if style.lora is not None and style.strength != 0.5)
    last = {"strength": 0.5, "lora_weight": 0.25}
    assert styles.settings_to_update(style.key, last, last) == {
        "strength": style.strength,
        "lora_weight": style.lora.weight,
    }
    assert "strength" not in styles.settings_to_update(style.key, last, {**last, "strength": 0.8})
    assert styles.settings_to_update(style.key, None, last) == {}, "what was restored stays"
    assert styles.settings_to_update("", last, last) == {}


def test_an_own_style_keeps_what_makes_the_look():
    base = next(style for style in all_styles().values() if style.lora is not None)
    form = {**DEFAULTS, "style": base.key, "prompt": "a red hat,", "negative": "gloves", "strength": 0.65}
    own = styles.build_own_style(" My look ", form, None)
    assert own.prompt == f"{base.prompt}, a red hat"
    assert own.negative.endswith("gloves")
    assert (own.en, own.key, own.strength, own.lora.file) == ("My look", "my-look", 0.65, base.lora.file)
    save_style(own)
    assert find_style("my-look").prompt == own.prompt
    assert [style.key for style in styles.filter_styles("", styles.OWN)] == ["my-look"]


def test_an_own_style_with_a_lora_of_the_host():
    form = {**DEFAULTS, "prompt": "ink", "lora": "ink", "lora_weight": 0.7}
    own = styles.build_own_style("Ink", form, "ink.safetensors")
    assert (own.lora.file, own.lora.weight) == ("ink.safetensors", 0.7)
    assert styles.build_own_style("Ink", {**form, "lora": NO_LORA}, None).lora is None


@pytest.mark.parametrize(
    ("name", "prompt", "words"), [("", "x", "needs a name"), ("A", "", "needs words"), ("A", "x" * 700, "600")]
)
def test_invalid_own_style_is_refused(name, prompt, words):
    with pytest.raises(StyleError, match=words):
        styles.build_own_style(name, {**DEFAULTS, "prompt": prompt}, None)


@pytest.mark.parametrize("name", ["Watercolour", "watercolour!", " 水彩 "])
def test_a_style_of_the_catalogue_is_never_replaced(name):
    with pytest.raises(StyleError, match=r"Watercolour \(水彩\)"):
        save_style(styles.build_own_style(name, {**DEFAULTS, "prompt": "x"}, None), replace=True)


def test_a_file_that_takes_the_place_of_a_style_says_so(tmp_path):
    own = replace(find_style("watercolour"), en="Mine", family="own")
    (tmp_path / "styles").mkdir()
    (tmp_path / "styles" / "old.toml").write_text(as_toml(own), encoding="utf-8")
    assert "takes the place of Watercolour" in styles.style_details_html("watercolour", ())


@pytest.mark.parametrize("name", ["../x", "CON", "😀"])
def test_odd_names_give_safe_files(name, tmp_path):
    path = save_style(styles.build_own_style(name, {**DEFAULTS, "prompt": "x"}, None))
    assert path.parent == tmp_path / "styles"


def test_a_name_that_is_too_long():
    with pytest.raises(StyleError, match="characters"):
        save_style(styles.build_own_style("a" * 300, {**DEFAULTS, "prompt": "x"}, None))
