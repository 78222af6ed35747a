"""Quality, blend, retouching, attributes, likeness: what must hold of each on the real portrait."""

from __future__ import annotations

import os

import cv2
import numpy as np
import pytest

from facechain_ext.errors import PhotoError, WeightsError
from facechain_ext.faces import assess_quality, attributes, check_face, choose_face, read_picture
from facechain_ext.faces.attributes import AGES, Attributes, FairFace, prompt_words
from facechain_ext.faces.types import Availability, Face, HeadMask
from facechain_ext.identity.likeness_scale import LIKENESS_LABELS, LIKENESS_THRESHOLDS, Likeness, likeness_label
from facechain_ext.retouch import blend_face, retouch_skin
from facechain_ext.retouch.fuse.warp import triangles, warp_onto
from facechain_ext.retouch.restore import SpandrelRestorer, enlarge, restorer_files

POINTS = np.array([(30, 40), (70, 40), (50, 60), (35, 80), (65, 80)], np.float32)


def someone(left=0.0, size=100.0, **angles) -> Face:
    return Face((left, 10.0, left + size, 10.0 + size), POINTS, 0.9, **angles)


def test_faces_are_numbered_from_the_left_and_the_largest_is_meant():
    left, large, right = someone(0, 50), someone(60, 120), someone(300, 120)
    assert choose_face([large, right, left]) is large
    assert [choose_face([large, right, left], n) for n in (1, 2, 3)] == [left, large, right]
    for number in (0, 4):
        with pytest.raises(PhotoError, match="numbered 1 to 3"):
            choose_face([large, right, left], number)
    with pytest.raises(PhotoError, match="No face"):
        choose_face([])


@pytest.mark.parametrize(
    ("face", "words"),
    [
        (someone(size=39), "39 pixels"),
        (someone(yaw=80), "turned 80° away"),
        (someone(yaw=-75), "turned 75° away"),
        (someone(left=440, size=100), "outside"),
    ],
)
def test_faces_that_cannot_be_used(astronaut, face, words):
    picture = read_picture(astronaut[:, :480])
    with pytest.raises(PhotoError, match=words):
        check_face(picture, face)


def test_faces_that_are_doubtful_and_good(astronaut):
    picture = read_picture(astronaut)
    assert check_face(picture, someone()) == ()
    assert "small" in check_face(picture, someone(size=60))[0]
    assert "turned 50°" in check_face(picture, someone(yaw=50))[0]


CHANGES = {
    "too dark": lambda p: (p * 0.15).astype(np.uint8),
    "overexposed": lambda p: np.clip(p * 1.8, 0, 255).astype(np.uint8),
    "blurred": lambda p: cv2.GaussianBlur(p, (0, 0), 4),
}


@pytest.mark.parametrize("reason", CHANGES)
def test_quality_says_what_is_wrong(astronaut, face, reason):
    good, bad = assess_quality(astronaut, face), assess_quality(CHANGES[reason](astronaut), face)
    assert good.reasons == ()
    assert good.description == "good"
    assert reason in bad.description
    assert bad.score < 0.6 * good.score


def test_quality_of_pose_size_and_cover(astronaut, face):
    from dataclasses import replace

    assert assess_quality(astronaut, replace(face, yaw=41.0)).description == "turned 41° away"
    small = cv2.resize(astronaut, (200, 200), interpolation=cv2.INTER_AREA)
    scaled = replace(face, box=tuple(v * 200 / 512 for v in face.box), landmarks=face.landmarks * 200 / 512)
    assert "only 42 pixels" in assess_quality(small, scaled).description
    moved = replace(face, box=(-50, *face.box[1:]))
    assert "cut off" in assess_quality(astronaut, moved).description
    hidden = np.zeros(astronaut.shape[:2], np.bool_)
    hidden[70:110, 180:270] = True  # a mask over nose and mouth
    assert "partly covered" in assess_quality(astronaut, face, HeadMask(hidden, hidden)).description


def test_light_from_one_side_and_a_smile_cost_nothing(astronaut, face):
    middle = int(face.landmarks[2, 0])
    for half in (slice(None, middle), slice(middle, None)):
        lit = astronaut.astype(float)
        lit[:, half] *= 0.15
        assert assess_quality(lit.astype(np.uint8), face).reasons == ()


def test_the_warp_is_affine_inside_triangles(astronaut):
    """Points moved by one affine map: the warp must equal OpenCV's own of the whole picture."""
    y, x = np.mgrid[40:400:60, 60:420:60]
    points = np.stack([x, y], -1).reshape(-1, 2).astype(np.float32)
    affine = np.array([[0.9, 0.1, 20], [-0.05, 1.05, 5]])
    moved = (points @ affine[:, :2].T + affine[:, 2]).astype(np.float32)
    mine = warp_onto(astronaut, points, moved, (512, 512))
    whole = cv2.warpAffine(astronaut, affine, (512, 512))
    inside = cv2.fillPoly(np.zeros((512, 512), np.uint8), [np.round(moved[[0, 5, 35, 30]]).astype(np.int32)], 1)
    inside = cv2.erode(inside, np.ones((5, 5), np.uint8)) > 0
    assert np.abs(mine[inside].astype(int) - whole[inside]).mean() < 1
    assert len(triangles(points)) == 50  # 5 x 5 squares of two


def test_a_face_blended_onto_itself_stays(astronaut, face):
    blended = blend_face(astronaut, face, astronaut, face)
    assert np.abs(blended.astype(int) - astronaut).mean() < 0.2
    assert np.abs(blended.astype(int) - astronaut).max() < 60


def test_the_blend_changes_the_face_and_nothing_else(astronaut, face, detector):
    mirrored = np.ascontiguousarray(astronaut[:, ::-1])
    dark = (mirrored * 0.5).astype(np.uint8)
    (other,) = detector.detect(dark)
    blended = blend_face(astronaut, face, dark, other)
    left, top, right, bottom = (round(value) for value in other.box)
    outside = np.ones(dark.shape[:2], np.bool_)
    outside[top - 5 : bottom + 5, left - 5 : right + 5] = False
    assert np.array_equal(blended[outside], dark[outside])
    inner = (slice(top + 30, bottom - 15), slice(left + 20, right - 20))
    assert np.abs(blended[inner].astype(int) - dark[inner]).mean() > 2
    assert abs(float(blended[inner].mean()) - float(dark[inner].mean())) < 6  # the target's light
    half = blend_face(astronaut, face, dark, other, strength=0.5)
    between = (blended.astype(int) + dark) / 2
    assert np.abs(half - between).max() <= 1.5
    assert np.array_equal(blend_face(astronaut, face, dark, other, strength=0), dark)
    nothing = np.zeros(dark.shape[:2], np.bool_)
    assert np.array_equal(blend_face(astronaut, face, dark, other, target_mask=nothing), dark)


def test_the_blend_by_five_landmarks(astronaut, face, detector, monkeypatch):
    from facechain_ext.retouch.fuse import blend

    monkeypatch.setattr(blend, "mesh_points", lambda *_: None)  # as where no mesh is seen
    mirrored = np.ascontiguousarray(astronaut[:, ::-1])
    (other,) = detector.detect(mirrored)
    blended = blend_face(astronaut, face, mirrored, other)
    assert np.array_equal(blended[300:], mirrored[300:])
    found = detector.detect(blended)[0]
    assert np.abs(found.landmarks - other.landmarks).max() < 4


def test_a_face_at_the_edge_of_the_picture_can_be_blended(astronaut, face, detector):
    cut = np.ascontiguousarray(astronaut[90:])
    found = detector.detect(cut)
    if found:
        assert blend_face(astronaut, face, cut, found[0]).shape == cut.shape


def test_retouching_smooths_skin_and_touches_nothing_else(astronaut, face):
    noise = np.random.default_rng(0).normal(0, 8, astronaut.shape)
    rough = np.clip(astronaut + noise, 0, 255).astype(np.uint8)
    smooth = retouch_skin(rough, [face], strength=1)
    cheek = (slice(116, 130), slice(190, 206))

    def grain(picture) -> float:
        part = picture.astype(np.float32)
        return float((part - cv2.GaussianBlur(part, (0, 0), 2))[cheek].std())

    assert grain(smooth) < 0.85 * grain(rough)
    for untouched in (
        (slice(95, 105), slice(198, 208)),
        (slice(20, 60), slice(170, 280)),
        (slice(250, 512), slice(0, 512)),
    ):
        assert np.array_equal(smooth[untouched], rough[untouched])  # an eye, hair, suit
    assert np.array_equal(retouch_skin(rough, [face], strength=0), rough)
    assert np.array_equal(retouch_skin(rough, []), rough)


@pytest.mark.parametrize(
    ("gender", "age", "positive", "negative"),
    [
        ("male", "3-9", "a boy, children", ""),
        ("female", "0-2", "a girl, children", ""),
        ("male", "20-29", "a handsome man, 25-year-old", "children"),
        ("female", "20-29", "a beautiful woman", ""),
        ("male", "40-49", "a mature man", "children"),
        ("female", "70+", "a mature woman", ""),
        ("female", "30-39", "a beautiful woman", ""),
    ],
)
def test_words_of_a_guess_as_published(gender, age, positive, negative):
    words = prompt_words(Attributes(gender, age))
    assert (words.positive, words.negative) == (positive, negative)


def test_no_guess_adds_nothing():
    assert prompt_words(None).positive == prompt_words(None).negative == ""


def test_the_published_age_boundary_for_mature_is_forty():
    assert [("mature" in prompt_words(Attributes("male", age)).positive) for age in AGES] == [False] * 5 + [True] * 4


def test_fairface_in_its_own_layout(tmp_path, astronaut, face):
    """Random ResNet-34 with a bias: the outputs 8 (female) and 9 + 3 (20-29) win."""
    torch = pytest.importorskip("torch")
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed here")
    torch.manual_seed(0)
    network = models.resnet34(num_classes=18)
    with torch.no_grad():
        network.fc.weight.zero_()
        network.fc.bias.zero_()
        network.fc.bias[[8, 12]] = 5
    torch.save({f"net.{key}": value for key, value in network.state_dict().items()}, tmp_path / "pytorch_model.pt")
    guess = FairFace(tmp_path).estimate(astronaut, face)
    assert (guess.gender, guess.age) == ("female", "20-29")
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(WeightsError, match=r"other\.pt is not"):
        FairFace(tmp_path / "other.pt")


def test_fairface_is_read_once_and_again_when_its_file_changes(tmp_path, astronaut, face, monkeypatch):
    file, made = tmp_path / "fairface.pt", []

    class Network:
        def __init__(self, path):
            made.append(path)

        def estimate(self, pixels, face):
            return Attributes("female", "20-29")

    file.write_bytes(b"1")
    monkeypatch.setattr(attributes, "FairFace", Network)
    monkeypatch.setattr(attributes, "availability", lambda: (Availability("attributes", "fairface", True, "", ""),))
    monkeypatch.setattr("facechain_ext.weights.require", lambda _key: tmp_path)
    for _ in range(3):
        assert attributes.estimate_attributes(astronaut, face).gender == "female"
    assert made == [file]
    os.utime(file, ns=(1, 1))
    attributes.estimate_attributes(astronaut, face)
    assert made == [file, file]


@pytest.mark.parametrize("encoder", [*LIKENESS_THRESHOLDS, "an encoder without a scale"])
def test_likeness_rises_through_all_words(encoder):
    words = [likeness_label(cosine, encoder) for cosine in np.linspace(-1, 1, 201)]
    assert list(dict.fromkeys(words)) == list(LIKENESS_LABELS)
    assert "by FaceNet" in str(Likeness(0.7, "FaceNet"))
    assert "also put the face in" in str(Likeness(0.7, "TransFace", independent=False))


def test_restoring_with_a_small_upscaler(tmp_path, astronaut):
    """Real-ESRGAN's compact layout, written and computed here; tiles must not show."""
    pytest.importorskip("spandrel", reason="spandrel is not installed here")
    import torch
    from torch import nn

    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3, padding=1), nn.PReLU(8)]
    for _ in range(2):
        layers += [nn.Conv2d(8, 8, 3, padding=1), nn.PReLU(8)]
    body = nn.Sequential(*layers, nn.Conv2d(8, 12, 3, padding=1))
    torch.save({f"body.{key}": value for key, value in body.state_dict().items()}, tmp_path / "small.pth")
    restorer = SpandrelRestorer(tmp_path / "small.pth")
    assert (restorer.name, restorer.scale) == ("small", 2)
    part = astronaut[:300, :280]
    image = torch.from_numpy(part.copy()).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        whole = nn.functional.pixel_shuffle(body(image), 2) + nn.functional.interpolate(image, scale_factor=2)
    expected = whole[0].clamp(0, 1).permute(1, 2, 0).numpy() * 255
    assert np.abs(restorer.restore(part) - expected).max() < 0.51
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"other\.pth is no model"):
        SpandrelRestorer(tmp_path / "other.pth")


def test_restorer_files(tmp_path):
    for name in ("b.pth", "a.safetensors", "c.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in restorer_files(tmp_path)] == ["a.safetensors", "b.pth"]
    assert restorer_files(tmp_path / "gone") == ()
    assert enlarge(np.zeros((10, 20, 3), np.uint8), 1.5).shape == (15, 30, 3)
