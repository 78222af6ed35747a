"""Every text that the code can show a user of the webui, read off its source: what a translation has to cover.

A text is a string constant, or an f-string in which each value is written as ``{0}``, ``{1}`` and so on.
"""

from __future__ import annotations

import ast
import itertools
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).resolve().parents[3] / "facechain_ext"
ELSEWHERE = (
    "hosts/diffusers",
    "cli",
    "demo",
    "bench",
    "training/",
    "__main__.py",
    "methods",
    "labels/",
    "jobs/",
    "hosts/webui/job_routes.py",
    "hosts/webui/request_body.py",
    "hosts/webui/routes.py",
    "media/espeak_worker.py",
    "retouch/sandbox/worker.py",
)
"""Not shown in the webui: the command line, its reports and the log, answers to programs, errors for programmers.
"""
SHOWN_THERE = (
    "jobs/recipes/clip.py",
    "jobs/recipes/detail.py",
    "jobs/recipes/garment.py",
    "jobs/recipes/recipe.py",
    "jobs/recipes/redraw.py",
    "jobs/recipes/talk.py",
    "training/style",
    "training/lora",
    "training/processes.py",
    "methods/setting.py",
    "methods/named_files.py",
    "methods/fact/method.py",
    "methods/fact/prepared.py",
    "methods/lora/method.py",
    "methods/fact/sites.py",
    "methods/photomaker/class_word.py",
    "methods/photomaker/prepared.py",
    "methods/photomaker/recognition.py",
    "methods/photomaker/settings.py",
    "methods/photomaker/stacking.py",
    "methods/registry.py",
)
"""Exceptions from ELSEWHERE."""
LABELS = {"label", "info", "placeholder", "title", "help", "value", "alt", "purpose"}
_COMPONENTS = {"Accordion", "Button", "TabItem", "Tab", "ToolButton", "Dropdown", "Checkbox", "Radio"}
_ROWS = {"Field", "Setting"}
"""Rows of the tables of settings, whose second argument is the label."""
_NOT_SHOWN_CALLS = {
    "compile", "match", "fullmatch", "search", "sub", "debug", "info", "warning", "exception", "error", "cast", "split",
    "TypeVar", "getLogger", "import_module", "find_spec", "evaluate", "add_argument", "ArgumentTypeError",
    "AssertionError", "RuntimeError", "KeyError", "TypeError",
}  # fmt: skip


def texts() -> dict[str, str]:
    """Every text and the file in which it is first found."""
    found: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith(ELSEWHERE) and not name.startswith(SHOWN_THERE):
            continue
        for text in _of(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(text, name)
    return found


def _of(tree: ast.Module) -> Iterator[str]:
    skipped = {id(node) for node in _documentation(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in _NOT_SHOWN_CALLS and not _is_gradio(node.func):
            skipped.update(id(one) for one in ast.walk(node))
    labels = {id(one) for one in _labels(tree)}
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in skipped or id(node) in inside or not isinstance(node, (ast.Constant, ast.JoinedStr)):
            continue
        text = _text(node)
        for line in _visible(text):
            if _is_sentence(line) or (id(node) in labels and re.search(r"[^\W\d_]{2}", line)):
                yield line


def _documentation(tree: ast.Module) -> Iterator[ast.AST]:
    """Docstrings, sentences below a constant, and annotations."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            yield node.value
        for name in ("annotation", "returns"):
            if getattr(node, name, None) is not None:
                yield from ast.walk(getattr(node, name))


def _labels(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if _name(node.func) in _COMPONENTS and node.args:
                yield from ast.walk(node.args[0])
            for keyword in node.keywords:
                if keyword.arg in LABELS:
                    yield keyword.value
            if _name(node.func) in _ROWS:
                yield from node.args[1:2]
            if _name(node.func) == "table":
                yield from ast.walk(node)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_gradio(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and getattr(function.value, "id", "") == "gr"


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        numbers = itertools.count()  # of a text that ``format`` fills
        text = node.value if isinstance(node.value, str) else ""
        return re.sub(r"\{[a-z_]+\}", lambda _: f"{{{next(numbers)}}}", text)
    parts, number = [], 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        else:
            parts.append(f"{{{number}}}")
            number += 1
    return "".join(parts)


@lru_cache
def _tags() -> re.Pattern[str]:
    return re.compile(r"<style.*?</style>|<[^>]*>", re.DOTALL)


def _visible(text: str) -> list[str]:
    """What a browser shows of a text that may be HTML, without the marks around values alone."""
    if "<" in text:
        return [line.strip() for line in _tags().sub("\n", text).splitlines() if line.strip()]
    return [text.strip()]


def _is_sentence(text: str) -> bool:
    stripped = re.sub(r"\{\d\}", "", text)
    if re.fullmatch(r"[A-Z][a-z]+ ?[.!?…]", stripped):
        return True
    return bool(re.search(r"[A-Za-z]{2}[,;:]? +[A-Za-z]", stripped)) and bool(re.search(r"[A-Z].*\s|[.!?…]$", stripped))
