"""What every test needs before torch is loaded."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest

# Small models gain nothing by threads, and threads that wait in a loop cost minutes where others want the processor.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

with suppress(ImportError):  # a webui's environment has no hypothesis
    from hypothesis import settings

    settings.register_profile("untimed", deadline=None)  # a busy machine is slow, and that is no fault
    settings.load_profile("untimed")


class CausesAtOnce:
    """Prints why a test failed, or had to run again, when it does.

    A run that is cut short never comes to its summary, and a summary leaves out what passed at the second try.
    """

    def __init__(self, reporter):
        self.reporter = reporter

    def pytest_runtest_logreport(self, report):
        if report.outcome in {"failed", "rerun"}:
            cause = report.longreprtext[-1500:]
            self.reporter.write_line(f"\n{report.nodeid}, {report.when}: {report.outcome}\n{cause}")


def pytest_sessionstart(session):
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None:  # the processes that run tests have none
        session.config.pluginmanager.register(CausesAtOnce(reporter))


@pytest.fixture(autouse=True)
def _standalone_process():
    """Every test begins and ends without a host: a host that a test starts sets steps and devices for the process."""
    from facechain_ext.devices import standalone_policy, use_policy
    from facechain_ext.labels import LabelSettings, use_label_settings
    from facechain_ext.next_steps import set_next_steps

    def reset():
        use_label_settings(LabelSettings)
        set_next_steps(None)
        use_policy(standalone_policy)

    reset()
    yield
    reset()


@pytest.fixture
def models_folder(tmp_path, monkeypatch):
    """An empty models folder, and no other place in which networks would be looked for."""
    from facechain_ext.weights import set_models_folder

    folder = tmp_path / "models" / "FaceChain"
    folder.mkdir(parents=True)
    monkeypatch.setenv("INSIGHTFACE_HOME", str(tmp_path / "nowhere"))
    set_models_folder(folder)
    yield folder
    set_models_folder(None)


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Random tiny models of the layout of the published ones."""
    from facechain_ext.demo import random_models

    return random_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def photo(tmp_path_factory):
    """Eileen Collins, NASA, public domain, as a file."""
    from PIL import Image
    from skimage import data

    path = tmp_path_factory.mktemp("photos") / "astronaut.png"
    Image.fromarray(data.astronaut()).save(path)
    return path


@pytest.fixture(scope="session")
def host(models):
    """The diffusers host on ``models``."""
    from facechain_ext.hosts.diffusers import DiffusersHost

    return DiffusersHost.from_files(models.checkpoint, adapter=models.adapter)


@pytest.fixture(scope="session")
def person(models, photo):
    """The identity in ``photo``."""
    from facechain_ext.identity import Identity, TransFace

    return Identity.from_photos(photo, TransFace.from_file(models.encoder), name="Eileen")
