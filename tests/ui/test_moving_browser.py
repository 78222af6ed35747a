"""Make it move in a real browser: a picture speaks, and a person is put into a clip."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage import data

from facechain_ext.labels import describe, read_packet
from facechain_ext.labels.label import JOINED
from facechain_ext.media.ffmpeg import find_ffmpeg
from facechain_ext.media.speech import speakers_here
from facechain_ext.media.video import write_video

pytestmark = pytest.mark.slow

HEAD = np.asarray(Image.fromarray(data.astronaut()[:230, 110:340]).resize((192, 192)))


@pytest.fixture
def moving(page, tmp_path):
    """The page with the action, and a folder of files."""
    if find_ffmpeg() is None:
        pytest.skip("no ffmpeg here")
    page.page.get_by_role("tab", name="Picture in").click()
    page.page.wait_for_selector("#facechain_template_generate", state="visible")
    page.page.locator("#facechain_template_action label", has_text="make it move").click()
    page.page.wait_for_selector("#facechain_moving", state="visible")
    return page


def upload(page, name, path):
    """Drop a file, and wait until it is there."""
    page.page.set_input_files(f"#facechain_{name} input[type=file]", str(path))
    page.page.wait_for_function(
        """([id, name]) => {
            const files = document.querySelector(`#${id} .file-preview`);
            const said = files === null ? "" : files.innerText;
            return said.includes(name) && !said.includes("Uploading");
        }""",
        arg=[f"facechain_{name}", path.stem[:4]],
    )


def finished(page, server, stem):
    """Agree, press, and wait for the video; the newest file of that name."""
    page.tick("moving_agreed", on=True)
    page.click("template_generate")
    page.says("template_status", "Saved as")
    page.page.wait_for_selector("#facechain_moving_video video", state="attached")
    assert page.page.locator("#facechain_moving_video video").first.get_attribute("src")
    assert not page.tick("moving_agreed")
    return max((server.folder / "out").glob(f"{stem}*.mp4"), key=lambda path: path.stat().st_mtime_ns).read_bytes()


def test_a_picture_speaks_once_somebody_agreed(moving, server, tmp_path):
    page = moving
    if "espeak-ng" not in speakers_here():
        pytest.skip("no espeak-ng here")
    Image.fromarray(HEAD).save(tmp_path / "anna.png")
    upload(page, "template_files", tmp_path / "anna.png")
    page.text("moving_words", "Hi.")
    page.open_part("moving_more")
    page.number("moving_fps", 5)
    page.click("template_generate")
    page.says("template_status", "Confirm that the person agrees")
    video = finished(page, server, "talking")
    assert describe(read_packet(video))["source_type"] == "compositeSynthetic"
    assert (
        "How like" in page.page.inner_text("#facechain_template_status")
        or page.page.locator("#facechain_template_compare .facechain-curve").is_visible()
    )


def test_a_person_is_put_into_a_clip(moving, server, tmp_path):
    page = moving
    write_video([HEAD[:, ::-1]] * 3, tmp_path / "clip.mp4", 10.0, suffix=".mp4")
    Image.fromarray(HEAD).save(tmp_path / "guest.png")
    upload(page, "guests", tmp_path / "guest.png")
    page.page.locator("#facechain_moving_kind label", has_text="a face of a clip").click()
    page.page.wait_for_selector("#facechain_moving_replacing", state="visible")
    upload(page, "moving_clip", tmp_path / "clip.mp4")
    page.choose("moving_person", "photo: 1 guest.png")
    video = finished(page, server, "clip")
    assert describe(read_packet(video))["source_type"] == JOINED
    said = page.page.inner_text("#facechain_template_status")
    if "is not measured" not in said:  # where dlib's network is
        assert "Distance to the photo by dlib" in said
        assert page.page.locator("#facechain_template_compare .facechain-curve circle").count() == 3
