"""Each webui is recognised by the modules that its version has, and one that nobody knows is left alone."""

from __future__ import annotations

import sys
import types

import pytest

from facechain_ext.errors import HostError
from facechain_ext.hosts.webui import host_checks, host_facts, host_model
from tests.hosts.webui.fake_host import RELATIVE, install_marks

MODULES = {
    "AUTOMATIC1111": {"modules", "modules.hypernetworks"},
    "Forge": {"modules", "modules_forge", "backend", "modules.hypernetworks"},
    "reForge": {"modules", "modules_forge", "ldm_patched", "modules.hypernetworks"},
    "Forge Classic": {"modules", "modules_forge", "ldm_patched"},
    "Forge Neo": {"modules", "modules_forge", "backend"},
    "a relative of Forge": {"modules", "modules_forge", "comfy"},
    "an unknown webui": {"modules", "modules.face", "installer"},
}
"""The folders that tell the hosts apart, as they are in the versions that the table names."""


@pytest.mark.parametrize(("name", "modules"), MODULES.items())
def test_a_host_is_recognised_by_its_folders(tmp_path, monkeypatch, name, modules):
    for module in ("modules", "modules_forge", "backend", "ldm_patched"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    for module in sorted(modules):
        tmp_path.joinpath(*module.split(".")).mkdir(exist_ok=True)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert host_facts.recognise(host_facts.is_there).name == name
    assert not {"modules", "modules_forge", "backend", "ldm_patched"} & sys.modules.keys(), "nothing was imported"


def test_every_row_can_be_reached():
    rows = {host_facts.recognise(modules.__contains__) for modules in MODULES.values()}
    assert rows == {*host_facts.HOSTS, host_facts.UNKNOWN}


def test_the_version_is_what_the_host_calls_itself(monkeypatch):
    install_marks(monkeypatch, ("modules", "modules_forge", "backend"))
    monkeypatch.delitem(sys.modules, "modules_forge.forge_version", raising=False)
    monkeypatch.setitem(sys.modules, "modules.launch_utils", types.SimpleNamespace(git_tag=lambda: "v1.10.1"))
    assert host_facts.described() == "Forge Neo v1.10.1"
    named = types.SimpleNamespace(version="neo", release="2.26")
    monkeypatch.setitem(sys.modules, "modules_forge.forge_version", named)
    assert host_facts.described() == "Forge Neo neo 2.26"


def fail():
    raise OSError("no git")


def test_a_host_that_cannot_tell_its_version_is_named_without_it(monkeypatch):
    install_marks(monkeypatch, ("modules",))
    monkeypatch.delitem(sys.modules, "modules_forge.forge_version", raising=False)
    monkeypatch.setitem(sys.modules, "modules.launch_utils", types.SimpleNamespace(git_tag=fail))
    assert host_facts.described() == "AUTOMATIC1111"


class Pipeline:
    """What a webui that draws with diffusers has as its model."""

    unet = object()


@pytest.mark.parametrize(
    ("marks", "seen"),
    [
        (("modules", "modules.face"), "an unknown webui"),
        (("modules",), "no model.diffusion_model"),
        (("modules", *RELATIVE), "no forge_objects"),
    ],
)
def test_a_model_of_no_known_kind_is_refused_with_a_sentence_that_names_the_host(monkeypatch, marks, seen):
    for name in ("modules", "modules_forge", "backend", "ldm_patched"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    install_marks(monkeypatch, marks)
    with pytest.raises(HostError, match="Pipeline has") as error:
        host_model.loaded_model(types.SimpleNamespace(sd_model=Pipeline()))
    assert seen in str(error.value)
    assert host_facts.host().name in str(error.value)


@pytest.mark.parametrize("row", [*host_facts.HOSTS, host_facts.UNKNOWN], ids=lambda row: row.name)
def test_the_doctor_says_which_webui_it_is_and_what_it_lacks(monkeypatch, row):
    monkeypatch.setattr(host_checks, "host", lambda: row)
    monkeypatch.setattr(host_checks, "described", lambda: f"{row.name} 1.0")
    first, *others = host_checks.host_checks()
    assert first.name == f"{row.name} 1.0"
    assert first.state == ("missing" if row is host_facts.UNKNOWN else "ready")
    assert [check.detail for check in others] == [lack.sentence for lack in row.missing]
    assert {check.state for check in others} <= {"optional"}
    assert (first.remedy != "") == (row is host_facts.UNKNOWN)
