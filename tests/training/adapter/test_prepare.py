"""Preparation: what is kept, what is dropped and why, and going on after a stop."""

from __future__ import annotations

import io
import json
import tarfile

import cv2
import numpy as np
import pytest

from facechain_ext.errors import PhotoError
from facechain_ext.training.adapter import prepare as module
from facechain_ext.training.adapter.dataset import PreparedPhotos
from facechain_ext.training.adapter.journal import JOURNAL, TEMPLATE, JournalEntry, read_journal
from facechain_ext.training.adapter.prepare import REPORT, PhotoRequirements, prepare
from tests.training.conftest import BoxMasker, MarkDetector

DEMANDS = PhotoRequirements(size=128, quality=0.0)


def picture(*faces, size=(200, 300), seed=0):
    """Noise of grey with red patches where faces are (left, top, side)."""
    rng = np.random.default_rng(seed)
    grey = rng.integers(70, 180, (*size, 1), dtype=np.uint8)
    pixels = np.repeat(grey, 3, 2)
    for left, top, side in faces:
        pixels[top : top + side, left : left + side] = (230, 20, 20)
    return pixels


def encoded(pixels):
    return cv2.imencode(".png", pixels[..., ::-1])[1].tobytes()


ONE = ((100, 50, 90),)
PHOTOS = {
    "ada/1.png": encoded(picture(*ONE)),
    "ada/2.png": encoded(picture(*ONE, seed=1)),
    "ada/2.txt": b"a photo of a person,\n in a red coat\n",
    "bob/1.png": encoded(picture((20, 50, 90), (180, 50, 80))),
    "bob/2.png": encoded(picture(*ONE, seed=2)),
    "cy/none.png": encoded(picture()),
    "cy/cut.png": encoded(picture(*ONE, seed=3))[:3000],
    "cy/empty.jpg": b"",
    "cy/text.jpg": b"hello",
    "dan/small.png": encoded(picture((50, 20, 12))),
    "eve/bystander.png": encoded(picture(*ONE, (10, 10, 30), seed=4)),
    "eve/2.png": encoded(picture(*ONE, seed=5)),
}
DROPPED = {
    "bob/1.png": "2 persons",
    "cy/none.png": "No face was found",
    "cy/cut.png": "damaged or cut short",
    "cy/empty.jpg": "empty",
    "cy/text.jpg": "not a picture",
    "dan/small.png": "only 12 pixels",
}


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "photos"
    for name, data in PHOTOS.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def run(root, out, **more):
    return prepare(root, out, detector=MarkDetector(), masker=BoxMasker(), requirements=DEMANDS, **more)


def check(rows, out):
    assert {row.name: row.dropped for row in rows if row.dropped}.keys() == DROPPED.keys()
    for row in rows:
        assert DROPPED.get(row.name, "") in row.dropped
    text = (out / REPORT).read_text()
    assert all(name in text and reason in text for name, reason in DROPPED.items())
    assert "5 of 11 photos of 3 persons were kept; 1 have a caption of their own" in text
    assert "never the face of another one (see --single): bob." in text


def test_every_photo_has_a_row_and_a_reason(folder, tmp_path):
    rows = run(folder, tmp_path / "out")
    check(rows, tmp_path / "out")
    captions = {row.name: row.caption for row in rows if not row.dropped}
    assert captions["ada/2.png"] == "a photo of a person, in a red coat"
    assert captions["ada/1.png"] == TEMPLATE


@pytest.mark.parametrize("ending", [".tar", ".tar.gz"])
def test_a_tar_is_as_good_as_a_folder(folder, tmp_path, ending):
    path = tmp_path / f"photos{ending}"
    with tarfile.open(path, "w:gz" if ending.endswith("gz") else "w") as archive:
        archive.add(folder, ".")
    rows = run(path, tmp_path / "out")
    assert {row.name.removeprefix("./") for row in rows if row.dropped} == DROPPED.keys()
    assert {row.person.removeprefix("./") for row in rows} == {"ada", "bob", "cy", "dan", "eve"}


def test_a_flat_webdataset_names_persons_beside_the_photos(tmp_path):
    path = tmp_path / "set.tar"
    members = {
        "0001.png": PHOTOS["ada/1.png"],
        "0001.cls": b"7\n",
        "0002.png": PHOTOS["ada/2.png"],
        "0002.json": json.dumps({"person": "bea"}).encode(),
    }

    def write(names):
        with tarfile.open(path, "w") as archive:
            for name in names:
                info = tarfile.TarInfo(name)
                info.size = len(members[name])
                archive.addfile(info, io.BytesIO(members[name]))

    write(members)
    assert [row.person for row in run(path, tmp_path / "out")] == ["7", "bea"]
    write(["0001.png"])
    with pytest.raises(PhotoError, match=r"Nothing says whom 0001.png shows"):
        run(path, tmp_path / "other")


def test_goes_on_where_it_was_killed(folder, tmp_path):
    def die(done, _name):
        if done == 4:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        run(folder, out, progress=die)
    with (out / JOURNAL).open("a") as journal:
        journal.write('{"person": "bo')
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("*.png")}
    assert len(read_journal(out)) == 4
    check(run(folder, out), out)
    assert before.items() <= {path.name: path.stat().st_mtime_ns for path in out.glob("*.png")}.items()
    names = [row.name for row in read_journal(out)]
    assert len(names) == len(set(names)) == 11


def test_a_full_disk_leaves_no_half_row(folder, tmp_path, monkeypatch):
    write, count = module.write_png, [0]

    def full(path, pixels):
        count[0] += 1
        if count[0] == 2:
            raise OSError(28, "No space left on device", str(path))
        write(path, pixels)

    out = tmp_path / "out"
    monkeypatch.setattr(module, "write_png", full)
    with pytest.raises(OSError, match="No space left"):
        run(folder, out)
    assert read_journal(out) == []
    monkeypatch.undo()
    check(run(folder, out), out)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "has no photos"),
        ({"a/note.txt": b"x"}, "has no photos"),
        ({"1.png": PHOTOS["ada/1.png"], "2.png": PHOTOS["ada/2.png"]}, "1.png and 1 more lie in"),
        ({"a/1.png": b"", "b/1.png": b"x"}, "None of the 2 photos can be used"),
    ],
)
def test_refuses_what_holds_nothing(tmp_path, files, message):
    root = tmp_path / "photos"
    root.mkdir()
    for name, data in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(data)
    with pytest.raises(PhotoError, match=message):
        run(root, tmp_path / "out")


def test_refuses_no_path_no_tar_and_other_demands(folder, tmp_path):
    with pytest.raises(PhotoError, match="no folder or tar"):
        run(tmp_path / "nowhere", tmp_path / "out")
    (tmp_path / "x.tar").write_bytes(b"no tar")
    with pytest.raises(PhotoError, match="no tar file that can be read"):
        run(tmp_path / "x.tar", tmp_path / "out")
    run(folder, tmp_path / "out")
    with pytest.raises(PhotoError, match="was prepared with"):
        prepare(
            folder,
            tmp_path / "out",
            detector=MarkDetector(),
            masker=BoxMasker(),
            requirements=PhotoRequirements(size=64),
        )


@pytest.mark.parametrize("file", [JOURNAL, "demands.json"])
def test_damaged_notes_of_the_folder_are_named(folder, tmp_path, file):
    run(folder, tmp_path / "out")
    (tmp_path / "out" / file).write_text("no object\n", encoding="utf-8")
    with pytest.raises(PhotoError, match=f"{file} is damaged .* prepare the photos again"):
        run(folder, tmp_path / "out")


def test_a_name_may_have_any_letter_that_ends_lines_elsewhere(tmp_path):
    row = JournalEntry("Ann\u2028Lee", "Ann\u2028Lee/a\x85b.png", 5, "key")
    (tmp_path / JOURNAL).write_text(json.dumps(vars(row), ensure_ascii=False) + "\n", encoding="utf-8")
    assert read_journal(tmp_path) == [row]


def test_people_are_read_back(folder, tmp_path):
    run(folder, tmp_path / "out")
    people = PreparedPhotos(tmp_path / "out")
    assert (len(people), people.persons, people.single_photo_persons) == (4, 2, ("bob",))
    photo = people.photo(0)
    assert photo.pixels.shape == (128, 128, 3)
    assert photo.mask.shape == (128, 128)
    assert photo.aligned.shape == (112, 112, 3)
    face = photo.pixels[photo.mask > 200].mean(0)
    assert face[0] > 200
    assert face[2] < 60
    assert [people.other_photos(n) for n in range(4)] == [[1], [0], [3], [2]]
    assert len(PreparedPhotos(tmp_path / "out", keep_single=True)) == 5


def test_a_damaged_file_of_the_folder_is_named(folder, tmp_path):
    rows: list[JournalEntry] = run(folder, tmp_path / "out")
    (tmp_path / "out" / f"{rows[0].key}-mask.png").write_bytes(b"x")
    with pytest.raises(PhotoError, match=r"-mask.png is gone or damaged"):
        PreparedPhotos(tmp_path / "out").photo(0)
