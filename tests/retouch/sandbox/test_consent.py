"""No Python of a repository runs that was not agreed to as it is."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from facechain_ext.cli.main import app
from facechain_ext.errors import HostError, InputError, WeightsError
from facechain_ext.next_steps import next_steps
from facechain_ext.retouch import sandbox
from facechain_ext.retouch.sandbox import consent
from facechain_ext.retouch.sandbox.process import SandboxProcess
from facechain_ext.weights import set_models_folder

KEY = "skin-retouch"


@pytest.fixture
def folder(tmp_path):
    set_models_folder(tmp_path)
    made = tmp_path / "modelscope" / "cv_unet_skin_retouching_torch"
    made.mkdir(parents=True)
    (made / "configuration.json").write_text("{}")
    (made / "ms_wrapper.py").write_text("raise SystemExit('it ran')\n")
    (made / "weights.pt").write_bytes(b"weights")
    yield made
    set_models_folder(None)


def test_consent_is_given_kept_and_withdrawn(folder):
    assert consent.state(KEY) == "not asked"
    assert "damo/cv_unet_skin_retouching_torch@v1.0.1" in consent.remedy(KEY)
    given = consent.give(KEY)
    assert (given.repository, given.revision) == ("damo/cv_unet_skin_retouching_torch", "v1.0.1")
    assert (consent.state(KEY), consent.remedy(KEY)) == ("given", "")
    consent.withdraw(KEY)
    assert consent.state(KEY) == "not asked"


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "ms_wrapper.py").write_text("print('another')"),
        lambda folder: (folder / "more.py").write_text(""),
        lambda folder: (folder / "ms_wrapper.py").rename(folder / "other.py"),
        lambda folder: (folder / "configuration.json").write_text('{"plugins": ["evil"]}'),
        lambda folder: (folder / "requirements.txt").write_text("evil"),
        lambda folder: (folder / "weights.pt").write_bytes(b"another"),
        lambda folder: (folder / "weights.pt").rename(folder / "more.bin"),
        lambda folder: (folder / "without_a_suffix").write_bytes(b""),
    ],
)
def test_any_change_of_what_can_act_asks_again(folder, change):
    consent.give(KEY)
    change(folder)
    assert consent.state(KEY) == "changed"
    assert "changed since you agreed" in consent.remedy(KEY)
    with pytest.raises(HostError, match="facechain weights consent skin-retouch"):
        SandboxProcess(KEY, "skin-retouching-torch")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"skin-retouch": {"repository": 1}}', '{"skin-retouch": null}'])
def test_a_damaged_consent_file_is_no_consent(folder, content):
    consent.give(KEY)
    (folder.parents[1] / consent.FILE).write_text(content)
    assert consent.state(KEY) == "not asked"


def test_what_brings_no_python_or_is_not_there_cannot_be_agreed_to(folder):
    with pytest.raises(InputError, match="brings no Python"):
        consent.give("transface")
    with pytest.raises(WeightsError, match="facechain weights pull face-fusion"):
        consent.give("face-fusion")


def test_the_remedy_is_package_then_files_then_consent(folder, monkeypatch):
    monkeypatch.setattr("facechain_ext.next_steps.is_installed", lambda _package: False)
    assert sandbox.remedy(KEY) == next_steps().install("modelscope")
    monkeypatch.setattr("facechain_ext.next_steps.is_installed", lambda _package: True)
    assert "weights pull" in sandbox.remedy("face-fusion")
    assert "weights consent" in sandbox.remedy(KEY)
    consent.give(KEY)
    assert sandbox.remedy(KEY) == ""


@pytest.mark.parametrize(
    ("arguments", "answer", "code", "state", "words"),
    [
        ([KEY], "y\n", 0, "given", "ms_wrapper.py"),
        ([KEY], "n\n", 1, "not asked", "May they run"),
        ([KEY, "--yes"], "", 0, "given", "Agreed"),
        (["transface"], "", 2, "not asked", "nothing to agree to"),
        ([], "", 0, "not asked", "skin-retouch: modelscope: damo/cv_unet_skin_retouching_torch@v1.0.1: not asked"),
    ],
)
def test_the_command(folder, arguments, answer, code, state, words):
    result = CliRunner().invoke(app, ["weights", "consent", *arguments], input=answer)
    assert result.exit_code == code
    assert words in result.output.replace("\n", "")
    assert consent.state(KEY) == state
    assert CliRunner().invoke(app, ["weights", "consent", KEY, "--withdraw"]).exit_code == 0
    assert consent.state(KEY) == "not asked"
