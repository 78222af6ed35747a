"""Who imports whom: the order of the folders in docs/architecture.md, and no circles."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "architecture.md"
LAYER = re.compile(r"^\d+\. ((?:`[\w/]+`(?:, )?)+)", re.M)
DIFFUSERS = ("hosts/diffusers/", "training/", "demo/", "bench/")
"""Where diffusers may be imported, and all of research."""


@cache
def layers() -> dict[str, int]:
    """The number of each folder's layer, the lowest first, as the document lists them."""
    lines = LAYER.findall(DOCUMENT.read_text(encoding="utf-8"))
    return {name: number for number, line in enumerate(lines) for name in re.findall(r"`([\w/]+)`", line)}


@cache
def modules() -> dict[str, Path]:
    """Every module of the package and of research by its dotted name."""
    paths = [*(ROOT / "facechain_ext").rglob("*.py"), *(ROOT / "research").rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


@cache
def imports(path: Path) -> frozenset[str]:
    """The absolute names that a file imports anywhere, also inside functions and for types alone."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in modules() else node.module for name in inside}
    return frozenset(found)


def folder_of(module: str) -> str:
    """The folder (or top-level module) that a module belongs to, as the document names it."""
    first, *rest = module.split(".")
    return "research" if first == "research" else rest[0] if rest else "facechain_ext"


def test_every_folder_has_a_layer():
    assert {folder_of(module) for module in modules()} - {"facechain_ext"} == set(layers())


def test_imports_run_down_the_layers_only():
    upward = [
        f"{module} imports {name}"
        for module, path in modules().items()
        for name in imports(path)
        if name in modules()
        and folder_of(name) not in (folder_of(module), "facechain_ext")
        and folder_of(module) != "facechain_ext"
        if layers()[folder_of(name)] >= layers()[folder_of(module)]
    ]
    assert not upward


def test_no_imports_go_in_a_circle():
    below: dict[str, set[str]] = {
        module: {name for name in imports(path) if name in modules() and name not in (module, "facechain_ext")}
        for module, path in modules().items()
    }
    while ends := {m for m, names in below.items() if not names} | (below.keys() - set().union(*below.values())):
        below = {module: names - ends for module, names in below.items() if module not in ends}
    assert not below, f"in a circle, or between two: {sorted(below)}"


@pytest.mark.parametrize(
    ("package", "allowed"), [("modules", ("hosts/webui/",)), ("diffusers", DIFFUSERS), ("research", ())]
)
def test_host_packages_and_research_are_imported_only_where_allowed(package, allowed):
    strangers = [
        module
        for module, path in modules().items()
        if any(name.split(".")[0] == package for name in imports(path)) and not module.startswith("research")
        if not path.relative_to(ROOT / "facechain_ext").as_posix().startswith(tuple(allowed) or ("no folder",))
    ]
    assert not strangers


def test_files_have_at_most_300_lines_and_few_have_under_30():
    lengths = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in modules().items()}
    assert not {module: lines for module, lines in lengths.items() if lines > 300}
    tests = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / "tests").rglob("*.py")}
    assert not {path: lines for path, lines in tests.items() if lines > 300}
    crumbs = [module for module, lines in lengths.items() if lines < 30]
    assert len(crumbs) <= len(lengths) / 10, sorted(crumbs)
