"""The styles there are: those of the catalogue, read once, and the user's own."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from facechain_ext.storage.toml import read_toml
from facechain_ext.styles.style import Style, StyleError, Subject, parse_style

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logging.getLogger(__name__)

FOLDER = Path(__file__).with_name("catalogue")


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Style]:
    """Our styles by key, family by family; raises StyleError when a file is damaged or a key is there twice."""
    styles: dict[str, Style] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for key, raw in read_toml(path, StyleError).items():
            if key in styles:
                raise StyleError(f"The style {key!r} is in {path.name} and in {styles[key].family}.toml. Rename one.")
            styles[key] = parse_style(key, raw, path.stem)
    return styles


@lru_cache(maxsize=1)
def tag_names() -> dict[str, str]:
    """The Chinese word for each tag."""
    tables = read_toml(Path(__file__).with_name("tags.toml"), StyleError)
    return {str(tag): str(name) for tag, name in tables["zh"].items()}


def search(
    styles: Iterable[Style], query: str = "", *, tags: Iterable[str] = (), subject: Subject | None = None
) -> list[Style]:
    """The styles that have all words of ``query`` in their name, tags or prompt, all ``tags``, and suit ``subject``.

    English and Chinese words both find; matches in the name come first, then in the tags, then in the prompt; otherwise
    the order stays.
    """
    words, wanted = query.casefold().split(), set(tags)
    found = []
    for style in styles:
        if not wanted <= set(style.tags) or (subject is not None and not style.suits(subject)):
            continue
        ranks = [_rank(style, word) for word in words]
        if all(rank is not None for rank in ranks):
            found.append((sum(rank or 0 for rank in ranks), style))
    found.sort(key=lambda pair: pair[0])
    return [style for _, style in found]


def _rank(style: Style, word: str) -> int | None:
    """0 for the beginning of a name, 1 inside one, 2 for a tag, 3 for the prompt, None for nowhere."""
    names = (style.en.casefold(), style.zh.casefold(), style.key)
    if any(name.startswith(word) for name in names):
        return 0
    if any(word in name for name in names):
        return 1
    chinese = tag_names()
    if any(word in tag.casefold() or word in chinese.get(tag, "") for tag in style.tags):
        return 2
    return 3 if word in style.positive.casefold() else None
