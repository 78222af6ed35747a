"""Connections that die, servers that answer wrongly, and disks that fill up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from facechain_ext.errors import Cancelled, WeightsError
from facechain_ext.weights import download, manifest, transfer
from tests.weights.hub import Hub, Server
from tests.weights.served import CONTENT, an_entry, assert_none, assert_right, final

if TYPE_CHECKING:
    from facechain_ext.weights.transfer import Progress


@pytest.mark.parametrize("hub", ["modelscope", "huggingface"])
@pytest.mark.parametrize("digest", ["right", "none"])
def test_a_connection_that_dies_half_way_is_continued_not_started_over(server, use, hub, digest):
    use(an_entry(hub))
    server.state_digest = digest
    server.die_at = [len(CONTENT) // 2, len(CONTENT) // 4]
    download.pull("test")
    assert_right()
    ranges = [range_header for _, range_header in server.requests]
    assert ranges[0] == ""
    assert len(ranges) == 3
    positions = [int(range_header.removeprefix("bytes=").rstrip("-")) for range_header in ranges[1:]]
    assert 0 < positions[0] <= len(CONTENT) // 2 + 1024
    assert positions[0] < positions[1]


def test_a_plain_address_is_continued_while_its_etag_stays_the_same(server, use):
    source = manifest.Source("web", url=f"{server.address}/cdn/folder/file.bin.raw")
    server.die_at = [1_000_000]
    download.pull_sources("test", [source], final(), "none", transfer.ProgressReporter("test"))
    assert_right()
    assert server.requests[1][1].startswith("bytes=")


def test_a_plain_address_without_etag_starts_over(server, use):
    source = manifest.Source("web", url=f"{server.address}/cdn/folder/file.bin.raw")
    server.die_at, server.etag = [1_000_000], False
    download.pull_sources("test", [source], final(), "none", transfer.ProgressReporter("test"))
    assert_right()
    assert [range_header for _, range_header in server.requests] == ["", ""]


def test_a_server_without_ranges_starts_over_and_is_right(server, use):
    server.ranges, server.die_at = False, [10_000]
    download.pull("test")
    assert_right()


def test_a_server_that_sends_the_wrong_part(server, use):
    server.ranges_off_by, server.die_at = 7, [100_000]
    download.pull("test")
    assert_right()


def test_503_is_tried_again(server, use):
    server.statuses = [503, 503]
    download.pull("test")
    assert_right()


def test_503_that_persists_is_an_error(server, use):
    server.statuses = [503] * 50
    with pytest.raises(WeightsError, match="503"):
        download.pull("test")
    assert_none()
    assert len(server.requests) < 10


@pytest.mark.parametrize("status", [401, 403])
def test_a_login_is_asked_for_by_name(server, use, status):
    use(an_entry("huggingface"))
    server.statuses = [status]
    with pytest.raises(WeightsError, match="HF_TOKEN"):
        download.pull("test")


def test_redirects_are_followed_and_carry_no_login_to_another_host(server, use, monkeypatch):
    use(an_entry("huggingface"))
    monkeypatch.setenv("HF_TOKEN", "secret")
    with Server(Hub(files=server.files)) as cdn:
        server.redirect_to = cdn.address.removeprefix("http://")
        cdn.die_at = [1_000_000]
        download.pull("test")
        assert_right()
        assert len(cdn.requests) == 2
        assert any(h.get("authorization") == "Bearer secret" for h in server.headers)
        assert not any("authorization" in h or "cookie" in h for h in cdn.headers)


def test_a_redirect_out_of_the_web_is_refused(server, use, monkeypatch):
    from urllib.error import URLError

    from facechain_ext.weights.http import get

    monkeypatch.setattr("tests.weights.hub.Handler.do_GET", lambda self: self.answer(302, Location="ftp://127.0.0.1/x"))
    with pytest.raises(URLError):
        get(server.address)
    with pytest.raises(URLError):
        get("file:///etc/passwd")


def test_without_a_stated_length(server, use):
    server.length = False
    download.pull("test")
    assert_right()


def test_a_file_shorter_or_longer_than_announced(server, use):
    listed = {"Path": "folder/file.bin.raw", "Type": "blob", "Sha256": "", "Size": 17}
    server.listing = {"Data": {"Files": [listed]}}
    with pytest.raises(WeightsError, match="announced"):
        download.pull("test")
    assert_none()


def test_a_slow_server_can_be_stopped_and_the_rest_comes_later(server, use):
    server.pause = 0.05
    seen: list[Progress] = []
    with pytest.raises(Cancelled, match="goes on from there"):
        download.pull("test", progress=seen.append, cancel=lambda: len(seen) > 5)
    assert_none()
    part = final().with_name("file.data.part")
    assert 0 < part.stat().st_size < len(CONTENT)
    server.pause = 0.0
    download.pull("test")
    assert_right()
    assert server.requests[-1][1].startswith("bytes=")


def test_a_part_of_an_older_version_is_not_continued(server, use):
    final().parent.mkdir(parents=True)
    final().with_name("file.data.part").write_bytes(b"old" * 1000)
    final().with_name("file.data.part.json").write_text('{"identity": "0", "etag": "\\"old\\"", "url": "x"}')
    download.pull("test")
    assert_right()


def test_a_file_that_changes_on_the_server_in_between(server, use):
    server.state_digest = "none"
    final().parent.mkdir(parents=True)
    final().with_name("file.data.part").write_bytes(b"old" * 1000)
    url = f"{server.address}/api/v1/models/a/b/repo?Revision=v1&FilePath=folder%2Ffile.bin.raw"
    note = f'{{"identity": "", "etag": "\\"old\\"", "url": "{url}"}}'
    final().with_name("file.data.part.json").write_text(note)
    download.pull("test")
    assert_right()
    assert server.requests[0][1] == "bytes=3000-"


def test_too_little_room_is_said_before_the_first_byte(server, use, monkeypatch):
    free = transfer.MARGIN + len(CONTENT) - 1
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: type("Usage", (), {"free": free}))
    with pytest.raises(WeightsError, match="free"):
        download.pull("test")
    assert not server.requests
    assert_none()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_disk_that_fills_up_in_the_middle(server, use, monkeypatch):
    """The second half goes to a device that is really full."""
    real = Path.open

    def full(self, mode="r", *args, **kwargs):
        return real(Path("/dev/full") if mode == "ab" else self, mode, *args, **kwargs)

    server.die_at = [1_000_000]
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", full)
        with pytest.raises(WeightsError, match="disk became full"):
            download.pull("test")
    assert_none()
    download.pull("test")
    assert_right()
    assert server.requests[-1][1].startswith("bytes=")
