"""docs/models.md equals what the manifest generates."""

from __future__ import annotations

from pathlib import Path

from facechain_ext.weights.manifest import manifest
from research.models_page import models_page

PAGE = Path(__file__).parents[2] / "docs" / "using" / "models.md"


def test_the_page_is_up_to_date():
    """If this fails: facechain weights page docs/using/models.md."""
    assert PAGE.read_text(encoding="utf-8") == models_page()


def test_every_entry_is_on_it_with_its_terms():
    lines = models_page().splitlines()
    for entry in manifest().values():
        (line,) = [line for line in lines if line.startswith(f"| `{entry.key}` |")]
        assert entry.licence in line
        assert all((source.repository or source.url) in line for source in entry.sources)
