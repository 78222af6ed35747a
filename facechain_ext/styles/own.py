"""The user's own styles and favourites, stored below the models folder."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import unicodedata
from typing import TYPE_CHECKING

from facechain_ext.errors import InputError
from facechain_ext.next_steps import next_steps
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.storage.paths import safe_child, safe_name
from facechain_ext.storage.toml import read_toml
from facechain_ext.styles.catalogue import catalogue
from facechain_ext.styles.style import Style, StyleError, as_toml, parse_style
from facechain_ext.weights.folders import models_folder

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

FAMILY = "own"
FAVOURITES = "favourites.json"


def folder() -> Path:
    """The folder of the user's styles, one TOML file each."""
    return models_folder() / "styles"


def own_styles() -> tuple[dict[str, Style], tuple[str, ...]]:
    """The user's styles by key, and one sentence for each file that cannot be read."""
    styles: dict[str, Style] = {}
    faults: list[str] = []
    for path in sorted(folder().glob("*.toml")):
        found, fault = _read(path)
        styles.update(found)
        faults += fault
    return styles, tuple(faults)


def _read(path: Path) -> tuple[dict[str, Style], list[str]]:
    try:
        return {key: parse_style(key, raw, FAMILY) for key, raw in read_toml(path, StyleError).items()}, []
    except StyleError as error:
        logger.warning("%s", error)
        return {}, [f"{path.name}: {error}"]


def all_styles() -> dict[str, Style]:
    """The user's styles, then the catalogue's, by key; a style of the user replaces the catalogue's of the same key."""
    own, _ = own_styles()
    return {**own, **{key: style for key, style in catalogue().items() if key not in own}}


def find_style(key: str) -> Style:
    """The style of ``key``; raises StyleError, with the step that lists all styles, when there is none."""
    style = all_styles().get(key)
    if style is None:
        raise StyleError(f"There is no style called {key[:60]!r}. {next_steps().list_styles()}.")
    return style


def key_of(name: str) -> str:
    """The key of a style of this name: its Latin letters and digits, or a short hash when it has none.

    Two names may have the same key, which ``save_style`` refuses.
    """
    latin = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall(r"[a-z0-9]+", latin))[:50].rstrip("-")
    if slug and _is_safe_name(slug):
        return slug
    return f"style-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def check_new_style(name: str) -> None:
    """Raise StyleError when ``name`` is empty or that of a style of the catalogue."""
    folded_name = name.strip().casefold()
    if not folded_name:
        raise StyleError("A style needs a name. Write one.")
    key = key_of(name)
    for style in catalogue().values():
        if key == style.key or folded_name in (style.en.casefold(), style.zh.casefold()):
            raise _name_conflict(style)


def _name_conflict(style: Style) -> StyleError:
    return StyleError(f"A style that comes with the extension is called {style.en} ({style.zh}). Choose another name.")


def save_style(style: Style, *, replace: bool = False) -> Path:
    """Write a style of the user atomically, and return its file.

    Raises StyleError when the style is invalid, when the catalogue has its name or key or, unless ``replace``, when the
    user has a style of its key; also when the file cannot be written.
    """
    check_new_style(style.en)
    if style.key in catalogue():
        raise _name_conflict(catalogue()[style.key])
    try:
        path = safe_child(folder(), f"{style.key}.toml")
    except InputError as error:
        raise StyleError(str(error)) from error
    text = as_toml(style)
    _check_readable(style)
    if path.exists() and not replace:
        raise StyleError(
            f"You have a style called {style.key!r} already. Choose another name, or delete that one first."
        )
    _write(path, text)
    return path


def delete_style(key: str) -> None:
    """Delete a style of the user; raises StyleError when the user has none of this key or its file stays."""
    if not key:
        raise StyleError("No style is chosen. Choose one of your own first.")
    try:
        path = safe_child(folder(), f"{key}.toml")
    except InputError as error:
        raise StyleError(str(error)) from error
    if not path.is_file():
        raise StyleError(f"There is no style of yours called {key[:60]!r}. Only your own can be deleted.")
    try:
        path.unlink()
    except OSError as error:
        raise _not_changed(path, error) from error


def favourites() -> tuple[str, ...]:
    """The keys of the favourites in the order of adding; empty, with a warning in the log, when the file is damaged."""
    try:
        return _read_favourites()
    except StyleError as error:
        logger.warning("there are no favourites: %s", error)
        return ()


def set_favourite(key: str, *, on: bool) -> tuple[str, ...]:
    """Add a style to the favourites or remove it; returns the new ones.

    Raises StyleError for an unknown style, when the file cannot be written, and when it is damaged: it is not replaced.
    """
    keys = [other for other in _read_favourites() if other != key] + ([find_style(key).key] if on else [])
    _write(folder() / FAVOURITES, json.dumps(keys, ensure_ascii=False) + "\n")
    return tuple(keys)


def _read_favourites() -> tuple[str, ...]:
    """The keys in the file of favourites; raises StyleError when it holds no list or cannot be read."""
    path = folder() / FAVOURITES
    try:
        keys = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(keys, list):
        raise _damaged(path, "it holds no list")
    return tuple(key for key in keys if isinstance(key, str))


def _damaged(path: Path, reason: str) -> StyleError:
    return StyleError(f"{path} cannot be read ({reason}). Mend it, or delete it to begin with no favourites.")


def _is_safe_name(name: str) -> bool:
    try:
        safe_name(name)
    except InputError:
        return False
    return True


def _check_readable(style: Style) -> None:
    """Raise StyleError unless ``parse_style`` accepts the style, so that every saved file can be read."""
    raw = {name: getattr(style, name) for name in ("en", "zh", "subject", "prompt", "negative", "adapter", "strength")}
    raw["tags"] = list(style.tags)
    if style.lora is not None:
        raw["lora"] = {"file": style.lora.file, "weight": style.lora.weight, "trigger": style.lora.trigger}
    parse_style(style.key, raw, FAMILY)


def _write(path: Path, text: str) -> None:
    try:
        with atomic_write(path) as part:
            part.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _not_changed(path, error) from error


def _not_changed(path: Path, error: OSError) -> StyleError:
    reason = error.strerror or error
    return StyleError(f"{path} cannot be changed ({reason}). Check the folder and the space on its disk.")
