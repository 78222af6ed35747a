"""From the page's settings to pictures: what is asked of the host, and what the result column shows."""

from __future__ import annotations

import pytest

from facechain_ext.errors import FaceChainError, HostError, InputError, PhotoError
from facechain_ext.identity import Identity
from facechain_ext.identity.library import CardLibrary
from facechain_ext.identity.photo_judge import PhotoCheck
from facechain_ext.ui.portrait import checks
from facechain_ext.ui.portrait.form import DEFAULTS
from facechain_ext.ui.portrait.person_request import PersonRequest
from facechain_ext.ui.portrait.result import GRID_STRENGTHS, PortraitRequest, generate, generate_grid, resolve_seed
from facechain_ext.weights import set_models_folder
from tests.encoders import small_encoder
from tests.ui.fakes import FACE, FakeHost


@pytest.fixture(scope="module", autouse=True)
def models(tmp_path_factory):
    encoder = small_encoder()
    set_models_folder(tmp_path_factory.mktemp("models"))
    CardLibrary().save(Identity.from_photos(FACE, encoder, name="Anna"), "Anna")
    yield
    set_models_folder(None)


@pytest.fixture(autouse=True)
def judge(monkeypatch):
    """The judge of ``checks``: none, or what a test puts into the list."""
    chosen = []
    monkeypatch.setattr(checks, "photo_judge", lambda: chosen[0] if chosen else None)
    return chosen


def form(**changes):
    return {**DEFAULTS, "seed": 1, **changes}


def request(picture=None, **changes):
    return PortraitRequest(PersonRequest(card="Anna"), form(**changes), picture)


def keep_going(_done, _total):
    return True


def test_pictures_come_most_like_first_and_are_saved(tmp_path):
    host = FakeHost(tmp_path, empty=(2,))
    shown = generate(host, request(count=3), keep_going)
    captions = [caption for _, caption in shown.gallery()]
    assert captions == [
        "0.80 the same person to the eye, by ArcFace, seed 1",
        "0.60 very alike, by ArcFace, seed 3",
        "no face found, seed 2",
    ]
    assert [one.seed for one in host.saved] == [1, 3, 2]
    assert "Seed: 3" in shown.infotext(1)
    assert shown.infotext(9) == ""
    assert all(picture.info["parameters"] for picture, _ in shown.gallery())
    assert any("Likeness by ArcFace" in note for note in shown.notes)


def test_what_a_second_network_says_stands_beside_the_likeness(tmp_path, judge):
    class Judge:
        def reference(self, identity, photos, face):
            assert (identity.name, photos, face) == ("Anna", [], 0)  # a card has no photos
            return ["Anna"]

        def check(self, _picture, reference):
            assert reference == ["Anna"]
            return PhotoCheck(0.31, "same person", copied=True)

    judge.append(Judge())
    ((_, caption),) = generate(FakeHost(tmp_path), request(count=1), keep_going).gallery()
    assert caption == "0.80 the same person to the eye, by ArcFace; same person by dlib (0.31), copied, seed 1"


def test_less_alike_pictures_are_given_up_where_that_is_switched_on(tmp_path):
    host = FakeHost(tmp_path)
    generate(host, request(count=4, keep=2), keep_going)
    assert host.jobs[-1].look is None
    generate(host, request(count=4, keep=2, early=True), keep_going)
    assert host.jobs[-1].look.at == 0.4
    pictures = [FACE.copy() for _ in range(4)]
    for picture, seed in zip(pictures, (1, 2, None, 1), strict=True):
        picture.info["seed"] = seed  # of a seed that grows by 1 the likeness falls by 0.1
    assert [host.jobs[-1].look.goes_on(one) for one in pictures] == [True, True, False, True]
    generate(host, request(count=1, early=True), keep_going)
    assert host.jobs[-1].look is None


def test_only_the_best_are_kept(tmp_path):
    host = FakeHost(tmp_path)
    shown = generate(host, request(count=5, keep=2), keep_going)
    assert [one.portrait.seed for one in shown.pictures] == [1, 2]
    assert len(host.saved) == 2
    assert host.jobs[0].count == 5


def test_what_is_finished_stays_when_it_is_stopped(tmp_path):
    shown = generate(FakeHost(tmp_path), request(count=4, steps=10), lambda done, _total: done < 20)
    assert len(shown.pictures) == 2
    assert any("Stopped after 2 of 4" in note for note in shown.notes)


def test_retouching_keeps_the_picture_before_it(tmp_path):
    shown = generate(FakeHost(tmp_path), request(retouch=True, fuse=True, count=1), keep_going)
    (one,) = shown.pictures
    # a card holds no photo to fuse from, and the small picture may have no face to retouch: both are said, not hidden
    assert any("Face fusion left the picture as it is" in note for note in shown.notes)
    assert shown.has_before == (one.before is not None)


def test_several_people_are_in_one_picture_each_in_a_box(tmp_path):
    host = FakeHost(tmp_path)
    people = "Anna: 0.5, 0, 1, 1\nAnna *0.9: 0, 0, 1, 0.5"
    shown = generate(host, request(others=people, box="0, 0, 0.5, 1", hires=True, count=1, strength=0.6), keep_going)
    job = host.jobs[0]
    assert [person.strength for person in job.people] == [0.6, 0.6, 0.9]
    assert [tuple(person.region[64, [20, 100]].round()) for person in job.people] == [(1, 0), (0, 1), (0, 0)]
    assert job.people[2].region[20].min() == 1
    assert job.hires is not None
    assert 'FaceChain people: "Anna: 0.5, 0, 1, 1; Anna *0.9: 0, 0, 1, 0.5"' in shown.infotext(0)


def test_only_somebody_alone_stands_in_the_middle_of_a_full_body(tmp_path):
    for others, kinds in (("", ["openpose"]), ("Anna", [])):
        host = FakeHost(tmp_path)
        generate(host, request(others=others, framing="full body", count=1), keep_going)
        assert [unit.kind for unit in host.jobs[0].controls] == kinds


def test_several_people_have_columns_and_their_mean_likeness_counts(tmp_path):
    host = FakeHost(tmp_path)
    shown = generate(host, request(others="Anna", count=1, fuse=True), keep_going)
    assert [person.region[0, [0, 127]].tolist() for person in host.jobs[0].people] == [[1, 0], [0, 1]]
    assert shown.pictures[0].likeness.cosine == pytest.approx(0.8)
    assert any("is not fused: several people" in note for note in shown.notes)
    generate(host, request(), keep_going)
    assert host.jobs[1].people[0].region is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"others": "Nobody"}, "no card called Nobody"),
        ({"others": "Anna: 0, 0, 1, 1"}, "some have none"),
        ({"others": "Anna: 1, 0, 0, 1"}, "is no box"),
        ({"others": "Anna", "box": "left"}, "is no box"),
    ],
)
def test_people_that_cannot_be_placed_are_named(tmp_path, changes, message):
    host = FakeHost(tmp_path)
    with pytest.raises(FaceChainError, match=message):
        generate(host, request(**changes), keep_going)
    assert host.jobs == []


def test_a_pose_becomes_units_of_controlnet(tmp_path):
    host = FakeHost(tmp_path)
    generate(host, request(FACE, pose_face=True, pose_weight=0.7, pose_end=0.5), keep_going)
    (control,) = host.jobs[0].controls
    assert (control.kind, control.weight, control.window) == ("openpose_face", 0.7, (0.0, 0.5))
    assert not control.prepared
    generate(host, request(FACE, pose=False), keep_going)
    assert host.jobs[1].controls == ()
    generate(host, request(FACE, pose_ready=True), keep_going)
    assert [(one.kind, one.prepared) for one in host.jobs[2].controls] == [("openpose", True)]


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"depth": True}, HostError, "No depth here"),
        ({"pose_start": 0.9, "pose_end": 0.1}, InputError, "end after its start"),
        ({"depth": True, "pose_ready": True}, InputError, "no depth: switch"),
    ],
)
def test_a_pose_that_cannot_be_used_says_why(tmp_path, changes, error, words):
    with pytest.raises(error, match=words):
        generate(FakeHost(tmp_path), request(FACE, **changes), keep_going)


def test_nobody_to_show(tmp_path):
    with pytest.raises(PhotoError, match="add a photo"):
        generate(FakeHost(tmp_path), PortraitRequest(PersonRequest(), form()), keep_going)


def test_a_grid_is_one_seed_over_styles_and_strengths(tmp_path):
    host = FakeHost(tmp_path)
    reports = []
    shown = generate_grid(
        host, request(count=4, steps=10), ["watercolour", "charcoal", "watercolour"], lambda *n: not reports.append(n)
    )
    assert [job.people[0].strength for job in host.jobs] == [*GRID_STRENGTHS, *GRID_STRENGTHS]
    assert {job.seed for job in host.jobs} == {1}
    assert {job.count for job in host.jobs} == {1}
    assert next(caption for _, caption in shown.gallery()) == "grid"
    assert shown.infotext(0) == ""
    assert "FaceChain style: watercolour" in shown.infotext(1)
    assert len(host.saved) == 2 * len(GRID_STRENGTHS) + 1
    assert [total for _, total in reports] == [10 * 2 * len(GRID_STRENGTHS)] * len(reports)
    assert [done for done, _ in reports] == sorted(done for done, _ in reports)


@pytest.mark.parametrize(
    "chosen", [{"repair_faces": True}, {"enlarge": 2048, "enlarge_by": "Lanczos"}, {"fuse": True}, {"retouch": True}]
)
def test_a_grid_does_not_say_of_its_pictures_that_they_are_finished(tmp_path, chosen):
    said = "The pictures of a grid are not finished"
    plain = generate_grid(FakeHost(tmp_path), request(), [], keep_going)
    shown = generate_grid(FakeHost(tmp_path), request(**chosen), [], keep_going)
    assert shown.infotext(1) == plain.infotext(1)
    assert [note for note in plain.notes if said in note] == []
    assert len([note for note in shown.notes if said in note]) == 1


def test_a_grid_that_is_stopped_keeps_its_part(tmp_path):
    shown = generate_grid(FakeHost(tmp_path), request(steps=10), [], lambda done, _total: done < 20)
    assert len(shown.pictures) == 2
    assert any("Stopped after 2 of 5" in note for note in shown.notes)


def test_a_grid_has_its_limits(tmp_path):
    with pytest.raises(InputError, match="12 styles at most"):
        generate_grid(FakeHost(tmp_path), request(), [f"style-{n}" for n in range(13)], keep_going)


def test_resolve_seed():
    assert resolve_seed(5) == 5
    assert len({resolve_seed(-1) for _ in range(5)}) > 1
