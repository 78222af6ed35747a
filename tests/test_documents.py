"""Links, pictures, files and names in the documents lead to what is there."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
FILE = re.compile(r"`((?:facechain_ext|research|tests|examples|scripts|docs|models)/[\w./-]+)`(?: \(`(\w+)`)?")
"""A file or folder in backticks, and the name behind it in brackets."""
MADE_IN_EXAMPLES = {"facechain_ext/faces/detect/yunet.py", "facechain_ext/recipes/passport.py"}
"""Files that the worked examples of CONTRIBUTING.md make."""
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")


def anchors(page):
    """The fragments of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_inside_the_repository_leads_somewhere(page):
    broken = []
    for path, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in path or path.startswith("mailto:"):
            continue
        target = page.parent / path if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(f"{path}#{anchor}" if anchor else path)
    assert not broken


def test_the_index_lists_every_document():
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / path).resolve() for path, _ in LINK.findall(index.read_text(encoding="utf-8"))}
    fragments = {"detection.md", "scenes.md"}  # tables that research.sheets writes for the pages to quote
    pages = {page for page in (ROOT / "docs").rglob("*.md") if page.name not in fragments and page != index}
    assert pages <= listed


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_every_file_and_name_that_developers_are_sent_to_is_there(page):
    missing = []
    for path, name in FILE.findall((ROOT / page).read_text(encoding="utf-8")):
        if path in MADE_IN_EXAMPLES:
            continue
        target = ROOT / path
        text = target.read_text(encoding="utf-8") if target.is_file() else ""
        if not target.exists() or (name and not re.search(rf"^(?:class|def) {name}\b", text, re.M)):
            missing.append(f"{path} {name}".strip())
    assert not missing


def test_the_worked_examples_import_what_there_is():
    blocks = re.findall(
        r"^( *)```python\n(.*?)^ *```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.M | re.S
    )
    assert len(blocks) >= 5
    for indent, block in blocks:
        code = "\n".join(line.removeprefix(indent) for line in block.splitlines())
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("facechain_ext"):
                if node.module.replace(".", "/") + ".py" in MADE_IN_EXAMPLES:
                    continue
                source = inspect.getsource(importlib.import_module(node.module))
                missing = [alias.name for alias in node.names if not re.search(rf"\b{alias.name}\b", source)]
                assert not missing, node.module


def test_both_readmes_lead_to_the_same_places():
    english, chinese = (
        {link for link in LINK.findall((ROOT / name).read_text(encoding="utf-8")) if not link[0].startswith("README")}
        for name in ("README.md", "README.zh-CN.md")
    )
    assert english == chinese
