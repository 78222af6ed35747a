"""The doctor says what is there, and for all else the one step that changes it."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from facechain_ext import doctor
from facechain_ext.cli import doctor as command
from facechain_ext.next_steps import MEDIAPIPE, CommandSteps, PageSteps
from facechain_ext.weights import lock_file, set_models_folder
from facechain_ext.weights.manifest import manifest


@pytest.fixture(autouse=True)
def _folder(tmp_path):
    set_models_folder(tmp_path / "models")
    yield
    set_models_folder(None)


def by_name(checks):
    return {(check.area, check.name): check for check in checks}


def test_every_line_that_is_not_ready_names_a_step():
    for check in doctor.examine():
        assert check.detail
        assert check.state == "ready" or check.remedy or check.detail.count(".") > 0
        if check.state != "ready" and check.area in ("Packages", "Models"):
            assert any(word in check.remedy for word in ("pip install", "facechain weights", "install.py"))


@pytest.mark.parametrize("name", ["mediapipe", "diffusers", "transformers", "peft"])
def test_no_remedy_replaces_packages_that_the_webui_pins(name):
    for steps in (CommandSteps(), PageSteps(webui=True)):
        remedy = steps.install(name)
        assert "--no-deps" in remedy or "utside the webui's environment" in remedy or "environment of its own" in remedy


def test_the_installer_gives_the_same_advice_as_the_page():
    text = (Path(__file__).parents[1] / "install.py").read_text(encoding="utf-8")
    assert f'HOST_MEDIAPIPE = "{MEDIAPIPE}"' in text


def test_an_empty_folder_lacks_the_encoder_and_an_adapter(tmp_path):
    lines = by_name(doctor.examine())
    assert {key for key in manifest() if lines["Models", key].state == "missing"} == {
        "transface", "adapter-majic", "adapter-film",
    }  # fmt: skip
    assert "facechain weights pull transface" in lines["Models", "transface"].remedy
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "transface.safetensors").write_bytes(b"x")
    (tmp_path / "models" / "adapter-film.safetensors").write_bytes(b"x")
    lines = by_name(doctor.examine())
    assert lines["Models", "transface"].state == "ready"
    assert lines["Models", "adapter-majic"].state == "optional"


def test_a_changed_file_gets_a_line(tmp_path):
    path = tmp_path / "models" / "transface.safetensors"
    path.parent.mkdir()
    path.write_bytes(b"x")
    lock_file.add_records({path: "0" * 64}, "test")
    path.write_bytes(b"other")
    lines = by_name(doctor.examine())
    assert "changed" in lines["Models", "transface.safetensors"].detail


def test_installed_and_missing_packages_are_distinguished(monkeypatch):
    gone = doctor.Package("no_such_module", ("no-such",), "nothing", needed=True)
    monkeypatch.setattr(doctor, "PACKAGES", (doctor.PACKAGES[0], gone))
    lines = by_name(doctor.examine())
    assert lines["Packages", "torch"].state == "ready"
    assert lines["Packages", "no_such_module"].state == "missing"


def test_a_host_adds_its_lines_and_all_becomes_text():
    mine = doctor.Check("Webui", "ControlNet", "optional", "not installed.", "Install it.")
    text = doctor.as_text(doctor.examine([lambda: [mine]]))
    assert text.splitlines()[-1] == "[--] Webui: ControlNet: not installed. Install it."


def test_the_command(monkeypatch):
    app = typer.Typer()
    app.command()(command.doctor)
    monkeypatch.setattr(command.console, "_width", 160)
    short, full = CliRunner().invoke(app, []), CliRunner().invoke(app, ["--plain"])
    assert short.exit_code == full.exit_code == 1
    assert "facechain weights pull transface" in short.output
    assert "modelscope" not in short.output.split("transface")[0]
    assert full.output.startswith("[ok] Machine: Python")
