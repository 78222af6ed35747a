"""The examples do what their first sentences say."""

from __future__ import annotations

import base64
import io
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from examples import call_the_webui, card_and_likeness, own_unet, portrait_from_photo, template_portrait
from facechain_ext import Identity

FOLDER = Path(__file__).resolve().parents[2] / "examples"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """Eileen Collins, NASA, public domain."""
    path = tmp_path_factory.mktemp("photos") / "eileen.png"
    Image.fromarray(data.astronaut()).save(path)
    return path


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "mirrored.png"
    Image.fromarray(np.ascontiguousarray(data.astronaut()[:, ::-1])).save(path)
    return path


def test_each_is_in_the_table_and_here():
    listed = re.findall(r"^\| \[(\w+)\.py\]", (FOLDER / "README.md").read_text(encoding="utf-8"), re.M)
    assert sorted(listed) == NAMES
    assert all(name in globals() for name in NAMES)


def test_portraits_carry_their_settings(photo, tmp_path):
    arguments = [str(photo), "--out", str(tmp_path), "--count", "2", "--steps", "2", "--side", "64"]
    paths = portrait_from_photo.main(arguments)
    assert [path.name for path in paths] == ["eileen-0.png", "eileen-1.png"]
    for path in paths:
        with Image.open(path) as picture:
            assert picture.size == (64, 64)
            assert "FaceChain strength: 0.5" in picture.text["parameters"]


def test_a_card_is_as_like_as_its_photo_and_less_like_another(photo, mirrored, tmp_path):
    card = tmp_path / "eileen.safetensors"
    same = card_and_likeness.main([str(photo), "--card", str(card), "--with", str(photo)])
    other = card_and_likeness.main([str(photo), "--card", str(card), "--with", str(mirrored)])
    assert same == pytest.approx(1.0, abs=1e-3)
    assert -1.0 <= other < same
    assert Identity.load(card).name == "eileen"
    assert card_and_likeness.main([str(photo), str(mirrored), "--card", str(card)]) is None
    assert len(Identity.load(card).photos) == 2


def test_the_face_changes_a_prediction_and_leaves_the_unet_as_it_was(photo):
    changed, left = own_unet.main([str(photo)])
    assert changed > 1e-4
    assert left == 0.0


def test_only_the_face_of_a_template_changes(photo, mirrored, tmp_path):
    out = tmp_path / "made.png"
    assert template_portrait.main([str(mirrored), str(photo), "--out", str(out)]) == 1
    before, after = (np.asarray(Image.open(path).convert("RGB")) for path in (mirrored, out))
    changed = (before != after).any(-1)
    assert 0 < changed.mean() < 0.2
    assert not changed[:, :128].any()


class Webui(BaseHTTPRequestHandler):
    """Answers a request for pictures as the webui does, or refuses a strength above 2 as FaceChain does."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers.get("Authorization"), body))
        (face,) = body["alwayson_scripts"]["FaceChain"]["args"]
        refused = face["strength"] > 2
        picture = io.BytesIO()
        Image.new("RGB", (8, 8), "red").save(picture, "PNG")
        info = {"extra_generation_params": {"FaceChain notes": ["The face is small."]}}
        answer = {"images": [base64.b64encode(picture.getvalue()).decode()], "info": json.dumps(info)}
        content = json.dumps({"detail": "strength is a number from 0 to 2"} if refused else answer).encode()
        self.send_response(422 if refused else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def webui():
    server = HTTPServer(("127.0.0.1", 0), Webui)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webui_is_asked_and_its_pictures_are_kept(webui, photo, tmp_path, capsys):
    address = f"http://127.0.0.1:{webui.server_port}"
    arguments = [str(photo), "--webui", address, "--login", "anna:secret", "--strength", "0.7", "--out", str(tmp_path)]
    (path,) = call_the_webui.main(arguments)
    with Image.open(path) as picture:
        assert picture.getpixel((0, 0)) == (255, 0, 0)
    assert "The face is small." in capsys.readouterr().out
    ((route, login, body),) = webui.asked
    assert route == "/sdapi/v1/txt2img"
    assert login == "Basic " + base64.b64encode(b"anna:secret").decode()
    (face,) = body["alwayson_scripts"]["FaceChain"]["args"]
    assert base64.b64decode(face["photos"][0]) == photo.read_bytes()
    assert {key: value for key, value in face.items() if key != "photos"} == {"strength": 0.7, "strict": True}


def test_what_the_example_sends_is_read_by_the_table_of_settings(webui, photo, tmp_path):
    from facechain_ext.recipes.arguments import FaceArguments

    call_the_webui.main([str(photo), "--webui", f"http://127.0.0.1:{webui.server_port}", "--out", str(tmp_path)])
    (face,) = webui.asked[0][2]["alwayson_scripts"]["FaceChain"]["args"]
    read = FaceArguments.parse(face)
    assert (read.strength, read.strict, len(read.photos)) == (0.5, True, 1)


def test_a_refusal_is_shown(webui, photo, tmp_path):
    address = f"http://127.0.0.1:{webui.server_port}"
    with pytest.raises(SystemExit, match=r"422 .*strength is a number from 0 to 2"):
        call_the_webui.main([str(photo), "--webui", address, "--strength", "3", "--out", str(tmp_path)])
