"""A request as JSON: what it is read into, its id, and the table of all recipes that can be ordered."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import InputError
from facechain_ext.jobs.recipes.clip import CLIP
from facechain_ext.jobs.recipes.detail import DETAIL
from facechain_ext.jobs.recipes.garment import GARMENT
from facechain_ext.jobs.recipes.portrait import PORTRAIT
from facechain_ext.jobs.recipes.redraw import REDRAW
from facechain_ext.jobs.recipes.talk import TALK
from facechain_ext.jobs.recipes.template import TEMPLATE
from facechain_ext.text_values import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from facechain_ext.jobs.recipes.recipe import Recipe, RecipeFacts

RECIPES: Mapping[str, Recipe[Any]] = {
    "portrait": PORTRAIT,
    "template": TEMPLATE,
    "detail": DETAIL,
    "redraw": REDRAW,
    "garment": GARMENT,
    "talk": TALK,
    "clip": CLIP,
}
"""What can be ordered: a recipe's name in requests -> how they are read, and who makes their pictures."""
ID_DIGITS = 32
"""Hexadecimal digits of an item's id: 128 bits, so that no two requests of a batch share one."""


@dataclass(frozen=True)
class JobRequest:
    """A checked request: the name of its recipe, what it says, and as which JSON object it was given."""

    recipe: str
    facts: RecipeFacts
    values: Mapping[str, object] = field(repr=False)

    def names_file(self, key: str) -> bool:
        """Whether a text under ``key``, at any depth, names a file or holds it in base64."""
        return key in RECIPES[self.recipe].file_keys

    def digest(self, content: Callable[[str], bytes]) -> str:
        """The id of the request: a digest in which each file counts by its ``content`` and not by its name."""

        def by_content(value: object, key: str = "") -> object:
            if isinstance(value, dict):
                return {name: by_content(one, str(name)) for name, one in value.items()}
            if isinstance(value, list):
                return [by_content(one, key) for one in value]
            if self.names_file(key) and isinstance(value, str) and value:
                return hashlib.sha256(content(value)).hexdigest()
            return value

        text = json.dumps(by_content(dict(self.values)), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:ID_DIGITS]


def parse_job_request(values: object) -> JobRequest:
    """Check a request; raises InputError that names the first thing that is wrong with it."""
    if not isinstance(values, dict):
        raise InputError('FaceChain: an order is an object, as in {"recipe": "portrait", "card": "Anna"}.')
    name = values.get("recipe", "portrait")
    if not isinstance(name, str) or name not in RECIPES:
        raise InputError(f"FaceChain: recipe is {shorten(name)}; set it to {' or '.join(RECIPES)}.")
    recipe = RECIPES[name]
    keys = recipe.keys | {"recipe"}
    stranger = next((key for key in values if key not in keys), None)
    if stranger is not None:
        raise InputError(f"FaceChain: a {name} has no {shorten(stranger)}; it has {', '.join(sorted(keys))}.")
    return JobRequest(name, recipe.parse(values), values)
