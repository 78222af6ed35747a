"""Networks of ours follow the webui's options for devices and memory."""

from __future__ import annotations

import sys
import types

import pytest
import torch

from facechain_ext.devices import DevicePolicy
from facechain_ext.hosts.webui.device_policy import host_policy
from tests.hosts.webui.fake_host import install_marks

CPU = torch.device("cpu")
BACKENDS = ("backend.args", "ldm_patched.modules.args_parser")


def webui(monkeypatch, options, use_cpu=(), backend=None, marks=("modules.hypernetworks",)):
    """A webui with ``options`` on a machine with two CUDA devices; ``backend`` are (module, options) of Forge's."""
    shared, devices = types.ModuleType("modules.shared"), types.ModuleType("modules.devices")
    shared.cmd_opts = types.SimpleNamespace(use_cpu=list(use_cpu), **options)

    def get_device_for(task):  # as AUTOMATIC1111's
        if task in shared.cmd_opts.use_cpu or "all" in shared.cmd_opts.use_cpu:
            return CPU
        return torch.device(f"cuda:{options['device_id']}" if options.get("device_id") else options.get("best", "cuda"))

    devices.get_device_for = get_device_for
    package = types.ModuleType("modules")
    package.shared, package.devices = shared, devices
    for module in (package, shared, devices):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    for name in BACKENDS:
        monkeypatch.delitem(sys.modules, name, raising=False)
    if backend is not None:
        module = types.ModuleType(backend[0])
        module.args = types.SimpleNamespace(**backend[1])
        monkeypatch.setitem(sys.modules, backend[0], module)
        install_marks(monkeypatch, ("modules_forge", backend[0].partition(".")[0], *marks))


@pytest.mark.parametrize(
    ("options", "use_cpu", "backend", "diffusion", "face"),
    [
        ({"lowvram": False}, (), None, "cuda", "cuda"),
        ({"lowvram": False, "device_id": "1"}, (), None, "cuda:1", "cuda:1"),
        ({"lowvram": True, "device_id": "1"}, (), None, "cuda:1", "cpu"),
        ({"lowvram": False}, ("all",), None, "cpu", "cpu"),
        ({"lowvram": False}, ("facechain",), None, "cpu", "cpu"),
        ({"lowvram": False}, ("interrogate",), None, "cuda", "cuda"),
        ({"lowvram": False, "best": "mps"}, (), None, "mps", "cpu"),
        ({}, (), (BACKENDS[0], {"always_low_vram": False, "always_no_vram": False}), "cuda", "cuda"),
        ({}, (), (BACKENDS[0], {"always_low_vram": True, "always_no_vram": False}), "cuda", "cpu"),
        ({}, (), (BACKENDS[1], {"always_low_vram": False, "always_no_vram": True}), "cuda", "cpu"),
    ],
)
def test_devices_follow_the_options(monkeypatch, options, use_cpu, backend, diffusion, face):
    webui(monkeypatch, options, use_cpu, backend)
    assert host_policy() == DevicePolicy(torch.device(diffusion), torch.device(face))


@pytest.mark.parametrize(("option", "face"), [("lowvram", "cpu"), ("novram", "cpu"), ("highvram", "cuda")])
def test_forge_neo_names_its_options_otherwise(monkeypatch, option, face):
    webui(monkeypatch, {}, (), (BACKENDS[0], {"lowvram": False, "novram": False} | {option: True}), marks=())
    assert host_policy().face == torch.device(face)
