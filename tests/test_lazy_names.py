"""Public names that load their module late: all of them are found, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from operator import attrgetter

import pytest

from facechain_ext.errors import FaceChainError
from facechain_ext.lazy_names import late_module

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


def test_the_command_line_loads_no_torch_before_a_command_is_chosen():
    program = "import sys, facechain_ext.cli.main; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"


def test_a_late_module_is_imported_with_its_first_attribute():
    program = (
        "import sys; from facechain_ext.lazy_names import late_module; late = late_module('facechain_ext.text_values');"
        "before = 'facechain_ext.text_values' in sys.modules; print(before, late.shorten('text'))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split()[0] == "False"
    assert "text" in done.stdout


def test_a_late_module_that_cannot_be_imported_says_so(tmp_path, monkeypatch, caplog):
    (tmp_path / "broken_part.py").write_text("raise OSError('a library is missing')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(FaceChainError, match=r"could not be loaded: OSError: a library is missing\. The console has"):
        str(late_module("broken_part").anything)
    assert "broken_part could not be loaded" in caplog.text
