"""ModelScope gets no weights that could run code, whatever their file is called."""

from __future__ import annotations

import pickle
import zipfile

import pytest
import torch

from facechain_ext.errors import WeightsError
from facechain_ext.faces.networks import check_pickles


class Acts:
    """Would make a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def bare(path, value):
    path.write_bytes(pickle.dumps(value, protocol=2))


def zipped(path, value):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(value, protocol=2))


@pytest.mark.parametrize("write", [bare, zipped])
@pytest.mark.parametrize("name", ["pytorch_model.pt", "more/weights.bin", "configuration.json", "without_a_suffix"])
def test_a_pickle_that_acts_is_refused_before_it_is_opened(tmp_path, write, name):
    folder, made = tmp_path / "model", tmp_path / "made"
    path = folder / name
    path.parent.mkdir(parents=True)
    torch.save({"weight": torch.ones(2)}, folder / "good.pt")
    check_pickles(folder)
    write(path, {"weight": Acts(made)})
    with pytest.raises(WeightsError, match=path.name):
        check_pickles(folder)
    assert not made.exists()


def test_what_is_no_pickle_is_left_alone(tmp_path):
    (tmp_path / "configuration.json").write_text("{}")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "empty").write_bytes(b"")
    check_pickles(tmp_path)
