"""The catalogue of styles that ship, its pictures, and search."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.storage.toml import read_toml
from facechain_ext.styles.style import Style, StyleError, Subject, parse_style

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = Path(__file__).with_name("catalogue")
PICTURES = Path(__file__).with_name("pictures")


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Style]:
    """The styles that ship by key, file by file; raises StyleError for a damaged file or a repeated key."""
    styles: dict[str, Style] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for key, raw in read_toml(path, StyleError).items():
            if key in styles:
                raise StyleError(f"The style {key!r} is in {path.name} and in {styles[key].family}.toml. Rename one.")
            styles[key] = parse_style(key, raw, path.stem)
    return styles


@lru_cache(maxsize=1)
def tag_names() -> dict[str, str]:
    """The Chinese word for each tag; raises StyleError when the file is not TOML, TypeError without the table."""
    tables = read_toml(Path(__file__).with_name("tags.toml"), StyleError)
    chinese = tables.get("zh")
    if not isinstance(chinese, dict):
        raise TypeError("tags.toml has no table zh")
    return {str(tag): str(name) for tag, name in chinese.items()}


def shipped_picture(key: str) -> Path | None:
    """The picture of a style of the catalogue, a square WebP file; None for a style of the user."""
    return PICTURES / f"{key}.webp" if key in catalogue() else None


def search(
    styles: Iterable[Style], query: str = "", *, tags: Iterable[str] = (), subject: Subject | None = None
) -> list[Style]:
    """The styles that contain all words of ``query`` in name, tags or prompt, have all ``tags`` and suit ``subject``.

    English and Chinese words match. Matches in the name come first, then in the tags, then in the prompt; the order of
    ``styles`` is kept otherwise.
    """
    words, required_tags = query.casefold().split(), set(tags)
    found = []
    for style in styles:
        if not required_tags <= set(style.tags) or (subject is not None and not style.suits(subject)):
            continue
        ranks = [_rank(style, word) for word in words]
        if all(rank is not None for rank in ranks):
            found.append((sum(rank or 0 for rank in ranks), style))
    found.sort(key=lambda pair: pair[0])
    return [style for _, style in found]


def _rank(style: Style, word: str) -> int | None:
    """0 if ``word`` starts a name, 1 inside one, 2 in a tag, 3 in the prompt, None if absent."""
    names = (style.en.casefold(), style.zh.casefold(), style.key)
    if any(name.startswith(word) for name in names):
        return 0
    if any(word in name for name in names):
        return 1
    chinese = tag_names()
    if any(word in tag.casefold() or word in chinese.get(tag, "") for tag in style.tags):
        return 2
    return 3 if word in style.positive.casefold() else None
