"""The page about the webui says what the table of settings says."""

from __future__ import annotations

from pathlib import Path

from facechain_ext.recipes.arguments import settings_table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "using" / "webui.md"


def test_the_page_lists_every_setting_with_its_labels_and_default():
    lines = [line.strip("|").split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if "|" in line]
    rows = {cells[0].strip().strip("`"): [cell.strip() for cell in cells[1:]] for cells in lines if len(cells) == 5}
    for line in settings_table():
        label, infotext, default, _range = rows[line.name]
        assert (label, infotext) == (line.label, line.infotext or ""), line.name
        words = str(line.default).lower() if isinstance(line.default, bool) else str(line.default)
        shown = {"()": "none", "''": "none", "(0.0, 1.0)": "0, 1"}.get(repr(line.default), words)
        assert default == shown, line.name
        if line.high:
            assert f"{line.low:g} to {line.high:g}" in rows[line.name][3], line.name
    assert set(rows) - {"API", "---"} == {line.name for line in settings_table()}
