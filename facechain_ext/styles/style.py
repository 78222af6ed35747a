"""A style of portraits, parsed from TOML and checked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from typing import Literal, cast

from facechain_ext.errors import FaceChainError, InputError
from facechain_ext.storage.paths import safe_name
from facechain_ext.weights.manifest import Source, parse_source

Subject = Literal["anyone", "woman", "man", "child"]
Adapter = Literal["majic", "film"]

SUBJECTS: tuple[Subject, ...] = ("anyone", "woman", "man", "child")
ADAPTERS: tuple[Adapter, ...] = ("majic", "film")
MAX_PROMPT = 600
"""Characters of a prompt: about twice the capacity of the text encoder's 77 tokens."""
NEGATIVE = (
    "low quality, blurry, jpeg artefacts, watermark, signature, lettering, nude, revealing clothes, disfigured face, "
    "asymmetric eyes, malformed hands, extra fingers, extra limbs, two heads, waxy skin"
)
"""The negative prompt of every portrait; a style's own is appended to it."""

_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class StyleError(InputError):
    """A style, or a file of styles, cannot be used."""


@dataclass(frozen=True)
class StyleLora:
    """The LoRA of a style.

    ``file`` is its name in a LoRA folder; ``source`` where it is downloaded from, None for a file of the user alone.
    ``weight`` is from -2 to 2. ``trigger`` is the text of its training captions that activates it in a prompt.
    """

    file: str
    weight: float
    trigger: str = ""
    source: Source | None = None


@dataclass(frozen=True)
class Style:
    """A style of portraits: prompts that are added to the person's attributes, and suggested settings.

    ``prompt`` may be empty where the LoRA has a trigger. ``subject`` is whom the prompt suits, ``adapter`` and
    ``strength`` (0 to 1) are suggestions, ``family`` is the catalogue file that contains it ("own" for the user's).
    """

    key: str
    en: str
    zh: str
    subject: Subject
    tags: tuple[str, ...]
    prompt: str
    negative: str
    adapter: Adapter
    strength: float
    lora: StyleLora | None
    family: str

    def name(self, language: str = "en") -> str:
        """The Chinese name for a ``language`` that starts with "zh", else the English one."""
        return self.zh if language.lower().startswith("zh") else self.en

    @property
    def positive(self) -> str:
        """The prompt, preceded by the LoRA's trigger."""
        return ", ".join(part for part in (self.lora.trigger if self.lora else "", self.prompt) if part)

    @property
    def full_negative(self) -> str:
        """``NEGATIVE``, followed by the style's own negative prompt."""
        return ", ".join(part for part in (NEGATIVE, self.negative) if part)

    def suits(self, subject: Subject) -> bool:
        """Whether the prompt suits such a person."""
        return self.subject in ("anyone", subject)


def parse_style(key: str, raw: object, family: str) -> Style:
    """The Style of one table; raises StyleError, naming the style and the fault, for an invalid one."""
    if not _KEY.fullmatch(key) or len(key) > 60 or not isinstance(raw, dict):
        raise _invalid(key, "it needs a key of small letters, digits and hyphens, and a table")
    _check_fields(key, raw, {field.name for field in fields(Style)} - {"key", "family"})
    if raw.get("subject") not in SUBJECTS:
        raise _invalid(key, f"subject must be one of {', '.join(SUBJECTS)}")
    if raw.get("adapter") not in ADAPTERS:
        raise _invalid(key, f"adapter must be one of {', '.join(ADAPTERS)}")
    tags = raw.get("tags")
    if not isinstance(tags, list) or not all(isinstance(t, str) and 0 < len(t) <= 30 and t.isprintable() for t in tags):
        raise _invalid(key, "tags must be a list of words")
    lora = _parse_lora(key, raw["lora"]) if "lora" in raw else None
    return Style(
        key,
        _text(key, raw, "en", 60),
        _text(key, raw, "zh", 60),
        cast("Subject", raw["subject"]),
        tuple(tags),
        _text(key, raw, "prompt", MAX_PROMPT, empty=lora is not None and lora.trigger != ""),
        _text(key, raw, "negative", MAX_PROMPT, empty=True),
        cast("Adapter", raw["adapter"]),
        _number(key, raw, "strength", 0.0, 1.0),
        lora,
        family,
    )


def as_toml(style: Style) -> str:
    """The style as TOML that ``parse_style`` reads."""
    # A JSON string is a valid TOML string, except for the delete character, which no checked text contains.
    names = ("en", "zh", "subject", "tags", "prompt", "negative", "adapter", "strength")
    lines = [f"[{style.key}]", *(f"{n} = {json.dumps(getattr(style, n), ensure_ascii=False)}" for n in names)]
    if style.lora is not None:
        lora, source = style.lora, style.lora.source
        lines.append(f"[{style.key}.lora]")
        values = {"file": lora.file, "weight": lora.weight, "trigger": lora.trigger}
        if source is not None:
            values |= {"hub": source.hub, "repository": source.repository, "revision": source.revision}
            values |= {"file": source.path, "save_as": lora.file}
        lines += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def _parse_lora(key: str, raw: object) -> StyleLora:
    if not isinstance(raw, dict):
        raise _invalid(key, "lora must be a table")
    _check_fields(key, raw, {"hub", "repository", "revision", "file", "weight", "trigger", "save_as"})
    path = _text(key, raw, "file", 200)
    file = _text(key, raw, "save_as", 200) if "save_as" in raw else path.rsplit("/", 1)[-1]
    trigger = _text(key, raw, "trigger", 200, empty=True) if "trigger" in raw else ""
    try:
        safe_name(file)
        source = None
        if "hub" in raw:
            place = {name: raw.get(name) for name in ("hub", "repository", "revision")}
            source = parse_source({**place, "path": path}, f"LoRA of style {key!r}")
    except FaceChainError as error:
        raise _invalid(key, str(error)) from error
    return StyleLora(file, _number(key, raw, "weight", -2.0, 2.0), trigger, source)


def _text(key: str, raw: dict[str, object], name: str, limit: int, *, empty: bool = False) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value.isprintable() or len(value) > limit or (not value.strip() and not empty):
        raise _invalid(key, f"{name} must be printable text of up to {limit} characters")
    return value.strip()


def _number(key: str, raw: dict[str, object], name: str, low: float, high: float) -> float:
    value = raw.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
        raise _invalid(key, f"{name} must be a number from {low:g} to {high:g}")
    return float(value)


def _check_fields(key: str, raw: dict[str, object], names: set[str]) -> None:
    unknown = sorted(set(raw) - names)
    if unknown:
        raise _invalid(key, f"unknown fields: {', '.join(map(repr, unknown))}")


def _invalid(key: str, why: str) -> StyleError:
    return StyleError(f"The style {key[:60]!r} is wrong: {why}. Correct its file or delete it.")
