"""Public names that load their module late: all of them are found, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from operator import attrgetter

import pytest

PACKAGES = ("facechain_ext", "facechain_ext.faces", "facechain_ext.methods", "facechain_ext.retouch")


@pytest.mark.parametrize(
    "package", [*PACKAGES, "facechain_ext.weights", "facechain_ext.retouch.fuse", "facechain_ext.hosts.diffusers"]
)
def test_every_public_name_is_found_and_no_other(package):
    module = import_module(package)
    for name in module.__all__:
        assert getattr(module, name).__name__ == name or name == "ModelFamily"
    with pytest.raises(AttributeError, match=f"module {package} has no attribute no_such_name"):
        attrgetter("no_such_name")(module)


@pytest.mark.parametrize("package", PACKAGES)
def test_import_loads_neither_torch_nor_an_image_library(package):
    program = (
        f"import sys, {package}; print([name for name in ('torch', 'cv2', 'PIL', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
