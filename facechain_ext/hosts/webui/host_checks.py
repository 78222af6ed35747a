"""The webui's own lines in the doctor: which one it is, and what FaceChain has to do without in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facechain_ext.doctor import Check
from facechain_ext.hosts.webui.host_facts import HOSTS, RELATIVE, described, host

if TYPE_CHECKING:
    from collections.abc import Iterator

_AREA = "Webui"


def host_checks() -> Iterator[Check]:
    """The host and its version, then what it lacks; a host that nobody knows prevents portraits."""
    facts = host()
    if facts.attachment == "none":
        known = ", ".join(row.name for row in HOSTS if row is not RELATIVE)
        remedy = f"Use one of these: {known}."
        yield Check(_AREA, described(), "missing", "No face is put in here, as nothing is known of it.", remedy)
        return
    tried = f"FaceChain was tried in {facts.tried}." if facts.tried else "FaceChain was never tried in it."
    yield Check(_AREA, described(), "ready", tried)
    for lack in facts.missing:
        yield Check(_AREA, lack.title, "optional", lack.sentence, lack.instead)
