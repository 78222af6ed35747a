"""Pictures in base64, in the forms that clients of web services send."""

from __future__ import annotations

import base64
import io
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from facechain_ext.errors import PhotoError
from facechain_ext.faces.base64_text import decode_base64


def _picture() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (19, 23, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


CONTENT = _picture()
PLAIN = base64.b64encode(CONTENT).decode()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PLAIN, id="plain"),
        pytest.param(f"data:image/png;base64,{PLAIN}", id="data URL"),
        pytest.param(f"DATA:image/png;charset=utf-8;base64,{PLAIN}", id="data URL in capitals with a parameter"),
        pytest.param(f"data:image/png;base64,{quote(PLAIN, safe='')}", id="data URL, percent-encoded"),
        pytest.param(base64.encodebytes(CONTENT).decode(), id="lines of 76"),
        pytest.param(base64.encodebytes(CONTENT).decode().replace("\n", "\r\n"), id="lines of 76, CRLF"),
        pytest.param(PLAIN.rstrip("="), id="without padding"),
        pytest.param(PLAIN.rstrip("=") + "====", id="too much padding"),
        pytest.param(base64.urlsafe_b64encode(CONTENT).decode(), id="URL-safe"),
        pytest.param(base64.urlsafe_b64encode(CONTENT).decode().rstrip("="), id="URL-safe without padding"),
        pytest.param(f" {PLAIN} \n", id="spaces around"),
        pytest.param(f"{PLAIN[:40]} {PLAIN[40:]}", id="a space inside"),
        pytest.param(PLAIN.replace("+", " "), id="plus signs that a form made spaces"),
        pytest.param(f"data:image/png;base64, {PLAIN}", id="a space after the comma"),
    ],
)
def test_every_form_gives_the_same_bytes(text):
    assert PLAIN.count("+") > 2
    assert decode_base64(text) == CONTENT


@pytest.mark.parametrize("text", ["/etc/passwd.png", "me.jpg", "é", "A", "data:image/png;base64,!!!"])
def test_other_text_is_refused(text):
    with pytest.raises(PhotoError, match="base64"):
        decode_base64(text)


def test_text_that_decodes_to_something_else_is_refused_as_no_picture():
    from facechain_ext.faces import read_picture

    with pytest.raises(PhotoError, match="not a picture"):
        read_picture(decode_base64("/etc/passwd"))
