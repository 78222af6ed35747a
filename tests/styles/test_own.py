"""The user's own styles and favourites: what is saved comes back, what is broken harms nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facechain_ext.styles import (
    StyleError,
    all_styles,
    catalogue,
    check_new_style,
    delete_style,
    favourites,
    find_style,
    key_of,
    own_styles,
    save_style,
    set_favourite,
)
from facechain_ext.styles.style import Style, StyleLora
from facechain_ext.weights import models_folder, set_models_folder

MINE = Style("my-style", "Mine", "我的", "anyone", ("tag",), "a coat", "", "film", 0.4, None, "own")


def tidy(text):
    return "".join(c for c in text if c.isprintable()).strip() or "x"


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).map(tidy)
LORAS = st.builds(StyleLora, st.sampled_from(["a.safetensors", "Moon Witch.pt"]), st.floats(-2, 2), st.just("") | TEXT)
KEYS = st.from_regex(r"[a-z0-9]{1,9}(-[a-z0-9]{1,9}){0,3}", fullmatch=True)
STYLES = st.builds(
    Style, key=KEYS, en=TEXT, zh=TEXT, subject=st.sampled_from(["anyone", "woman", "man", "child"]),
    tags=st.lists(TEXT, max_size=3).map(tuple), prompt=TEXT, negative=st.just("") | TEXT,
    adapter=st.sampled_from(["majic", "film"]), strength=st.floats(0, 1), lora=st.none() | LORAS, family=st.just("own"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _folder(tmp_path):
    set_models_folder(tmp_path)
    yield
    set_models_folder(None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(style=STYLES)
def test_what_is_saved_comes_back(style):
    if style.key in ("con", "prn", "aux", "nul") or style.key[:3] in ("com", "lpt"):
        return  # names that Windows reserves are refused
    save_style(style, replace=True)
    assert own_styles()[0][style.key] == style
    assert find_style(style.key) == style
    delete_style(style.key)


def test_a_style_of_the_catalogue_with_its_lora_comes_back():
    theirs = next(s for s in catalogue().values() if s.lora and s.lora.trigger)
    mine = replace(theirs, key="mine", en="Mine", zh="我的", family="own")
    save_style(mine)
    assert own_styles()[0]["mine"] == mine


@pytest.mark.parametrize(
    "changes", [{"key": "watercolour"}, {"en": "Watercolour"}, {"en": " WATERCOLOUR!"}, {"en": "水彩"}]
)
def test_a_style_that_comes_with_the_extension_is_never_covered(changes):
    with pytest.raises(StyleError, match=r"Watercolour \(水彩\)"):
        save_style(replace(MINE, **changes), replace=True)
    assert own_styles()[0] == {}


@pytest.mark.parametrize("act", [lambda: check_new_style("  "), lambda: delete_style("")])
def test_an_empty_name_is_said_plainly(act):
    with pytest.raises(StyleError, match=r"name|chosen") as refusal:
        act()
    assert ".toml" not in str(refusal.value)


def test_a_style_may_have_its_trigger_for_all_its_words():
    style = replace(MINE, prompt="", lora=StyleLora("a.safetensors", 0.8, "ownstyle"))
    save_style(style)
    assert find_style("my-style").positive == "ownstyle"
    with pytest.raises(StyleError, match="prompt"):
        save_style(replace(style, lora=None), replace=True)


def test_nothing_is_overwritten_unasked_and_own_ones_come_first():
    save_style(MINE)
    with pytest.raises(StyleError, match="already"):
        save_style(replace(MINE, prompt="other"))
    assert find_style("my-style").prompt == "a coat"
    save_style(replace(MINE, prompt="other"), replace=True)
    assert find_style("my-style").prompt == "other"
    assert next(iter(all_styles())) == "my-style"
    assert len(all_styles()) == len(catalogue()) + 1
    delete_style("my-style")
    with pytest.raises(StyleError):
        delete_style("my-style")
    assert [p.name for p in (models_folder() / "styles").iterdir()] == []


@pytest.mark.parametrize("key", ["../x", "con", "a/b", "", "A", "x" * 300, "😀", "a\n"])
def test_invalid_names_are_refused(key, tmp_path):
    with pytest.raises(StyleError):
        save_style(replace(MINE, key=key))
    with pytest.raises(StyleError):
        delete_style(key)
    assert not list(tmp_path.rglob("*.toml"))


@pytest.mark.parametrize(
    "change", [{"strength": 7.0}, {"prompt": ""}, {"prompt": "a\nb"}, {"subject": "dog"}, {"tags": ("",)}]
)
def test_nothing_is_saved_that_would_not_load(change, tmp_path):
    with pytest.raises(StyleError):
        save_style(replace(MINE, **change))
    assert not list(tmp_path.rglob("*.toml"))


def test_a_broken_file_is_named_and_harms_no_other():
    save_style(MINE)
    folder = models_folder() / "styles"
    (folder / "half.toml").write_text('[half]\nen = "H', encoding="utf-8")
    (folder / "odd.toml").write_text('[odd]\nen = "O"\n', encoding="utf-8")
    (folder / "binary.toml").write_bytes(b"\xff\x00")
    styles, faults = own_styles()
    assert list(styles) == ["my-style"]
    assert [fault.split(":")[0] for fault in faults] == ["binary.toml", "half.toml", "odd.toml"]


def test_a_folder_that_takes_no_files_is_named(tmp_path):
    (tmp_path / "styles").write_text("a file in place of the folder", encoding="utf-8")
    for change in (lambda: save_style(MINE), lambda: set_favourite(next(iter(catalogue())), on=True)):
        with pytest.raises(StyleError, match=r"cannot be changed \(.+\)\. Check the folder"):
            change()


def test_favourites():
    assert favourites() == ()
    set_favourite("polaroid", on=True)
    assert set_favourite("watercolour", on=True) == ("polaroid", "watercolour")
    assert set_favourite("polaroid", on=True) == ("watercolour", "polaroid")
    assert set_favourite("watercolour", on=False) == favourites() == ("polaroid",)
    with pytest.raises(StyleError):
        set_favourite("no-such-style", on=True)
    (models_folder() / "styles" / "favourites.json").write_text('[1, {}, "polaroid"]', encoding="utf-8")
    assert favourites() == ("polaroid",)


@pytest.mark.parametrize("content", ["{", '{"polaroid": 1}', '["polaroid"', ""])
def test_damaged_favourites_are_named_and_not_overwritten(content):
    file = models_folder() / "styles" / "favourites.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(content, encoding="utf-8")
    assert favourites() == ()
    with pytest.raises(StyleError, match=r"favourites\.json cannot be read \(.+\)\. Mend it"):
        set_favourite("polaroid", on=True)
    assert file.read_text(encoding="utf-8") == content


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("My Style", "my-style"),
        ("Été à Paris!", "ete-a-paris"),
        ("../x", "x"),
        ("a" * 300, "a" * 50),
        ("ＡＢ１", "ab1"),
    ],
)
def test_keys_from_names(name, key):
    assert key_of(name) == key


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_every_name_gives_a_key_that_can_be_saved(name):
    key = key_of(name)
    assert key == key_of(name)
    save_style(replace(MINE, key=key), replace=True)
    delete_style(key)


def test_names_without_latin_letters_differ():
    keys = {key_of(name) for name in ("我的风格", "另一个", "😀", "CON", "nul", "")}
    assert len(keys) == 6
    assert all(key.startswith("style-") for key in keys)
