"""One progress of a recipe over its parts, and the bar of a host that has one."""

from __future__ import annotations

import pytest

from facechain_ext.recipes.shared_progress import SharedProgress, host_progress


class PlainHost:
    """A host without a bar."""

    name = "plain"

    def generate(self, job, *, progress=None, ready=None):
        raise AssertionError("nothing is generated here")


class BarHost(PlainHost):
    """A host with a bar, as far as it was told of."""

    def __init__(self):
        self.shown = []

    def show_progress(self, done, total):
        self.shown.append((done, total))


def test_the_hosts_bar_is_told_what_the_whole_recipe_reports():
    host, told = BarHost(), []
    shared = SharedProgress([10, 30], host_progress(host, lambda *at: not told.append(at)))
    shared.part(0)(3, 5)
    shared.part(1)(1, 2)
    shared.part(0)(1, 5)  # an earlier part counts no more
    shared.finish()
    assert host.shown == told == [(6, 40), (25, 40), (25, 40), (40, 40)]


@pytest.mark.parametrize("host", [None, PlainHost(), BarHost()])
def test_a_stop_is_handed_on_whatever_the_host(host):
    assert host_progress(host)(1, 2)
    assert not host_progress(host, lambda *_: False)(1, 2)
