"""The tab's Host inside a real webui: jobs of every kind, stopping, failing, several at once.

Set WEBUI_DIR as for test_real_host.py; ControlNet and LoRA are used where that webui has them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.hosts.webui.hosts import python_of

pytestmark = pytest.mark.skipif(
    not os.environ.get("WEBUI_DIR"), reason="WEBUI_DIR names no webui; these tests run inside a real one"
)

DRIVER = Path(__file__).with_name("inside_host.py")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """What a scenario of inside_host.py gives; each is run once."""
    folder = Path(os.environ["WEBUI_DIR"])
    answers: dict = {}

    def inside(scenario: str) -> dict:
        if scenario not in answers:
            result = tmp_path_factory.mktemp("inside") / "result.json"
            with result.with_suffix(".log").open("wb") as log:
                command = [python_of(folder), DRIVER, scenario, result]
                subprocess.run(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, check=False)
            assert result.exists(), result.with_suffix(".log").read_text(errors="replace")[-3000:]
            answers[scenario] = json.loads(result.read_text(encoding="utf-8"))
            assert "error" not in answers[scenario], answers[scenario]["error"]
        return answers[scenario]

    return inside


@pytest.fixture(scope="module")
def made(run):
    return run("jobs")["made"]


def digests(portraits):
    return [one["digest"] for one in portraits]


def test_every_kind_of_job_makes_its_own_picture(made):
    kinds = ["plain", "face", "two", "karras", "hires", "hires_bare", "inpaint"]
    kinds += [name for name in ("lora", "pose") if name in made]
    pictures = [made[name][0]["digest"] for name in kinds]
    assert len(set(pictures)) == len(kinds)
    assert made["hires"][0]["size"] == [256, 256]


def test_a_batch_is_the_pictures_of_its_seeds(made):
    first, second = made["count"]
    assert (first["seed"], second["seed"]) == (1, 2)
    assert first["digest"] == made["face"][0]["digest"]
    assert second["digest"] != first["digest"]


def test_the_infotext_is_the_webuis_own_and_names_the_people(made):
    text = made["two"][0]["infotext"]
    for part in ("Sampler: Euler", "Seed: 1", "Size: 128x128", "FaceChain strength: 1.0", "FaceChain window: 0-1"):
        assert part in text
    identities = text.split("FaceChain identity: ")[1].split(",")[0].split("; ")
    assert len(set(identities)) == 2
    karras = made["karras"][0]["infotext"]
    assert "Schedule type: Karras" in karras or "Sampler: DPM++ 2M Karras" in karras  # Forge Classic's names say it
    assert "FaceChain hires pass: False" in made["hires_bare"][0]["infotext"]
    assert r"FaceChain page: \"{" not in made["remark"][0]["infotext"]
    assert "FaceChain page: " in made["remark"][0]["infotext"]


def test_a_lora_is_known_by_its_name_and_by_its_file(made):
    if "lora" not in made:
        pytest.skip("this webui has no LoRA")
    assert made["lora"][0]["digest"] == made["lora_file"][0]["digest"] != made["plain"][0]["digest"]


def test_a_pose_acts_by_its_weight_in_its_window_beside_the_face(made):
    if "pose" not in made:
        pytest.skip("this webui has no openpose ControlNet")
    names = ["face", "plain", "pose", "pose_bare", "pose_half", "pose_early", "pose_late"]
    pictures = [made[name][0]["digest"] for name in names]
    assert len(set(pictures)) == len(names)
    assert digests(made["pose_none"]) == digests(made["face"])
    assert digests(made["pose_face"]) == digests(
        made["pose"]
    )  # the picture is a skeleton already: only its name differs
    text = made["pose_late"][0]["infotext"]
    unit = text.split("ControlNet 0: ")[1]
    for part in ("Module: none", "Weight: 1", "Guidance Start: 0.5", "Guidance End: 1"):
        assert part in unit


def test_depth_is_a_second_unit(made):
    if "pose_depth" not in made:
        pytest.skip("this webui has no ControlNet for depth")
    assert digests(made["pose_depth"]) != digests(made["pose"])
    assert "ControlNet 1: " in made["pose_depth"][0]["infotext"]


def test_progress_rises_to_the_last_step(made):
    for name in ("face", "count", "hires"):
        shares = [done / total for done, total in made[f"{name}_steps"]]
        assert shares[0] == 0
        assert shares == sorted(shares)
        assert 0.5 <= shares[-1] < 1


def test_the_webuis_own_bar_goes_once_over_all_faces_of_a_template(run):
    answer = run("bar")
    shares = [share for share, _ in answer["seen"]]
    assert shares == sorted(shares)
    assert shares[0] < 0.3
    assert shares[-1] > 0.7
    assert len({count for _, count in answer["seen"][len(shares) // 2 :]}) == 1  # one count for both faces
    assert answer["after"] == [0, ""]


@pytest.mark.parametrize(
    ("job", "message"),
    [
        ("sampler", "no sampler 'no such'"),
        ("upscaler", "no upscaler 'no such'"),
        ("adapter", "no adapter called no such"),
        ("lora", "no LoRA no such"),
        ("windows", "give them one"),
        ("depth", "depth|controlnet is not installed"),
        ("units", "ControlNet|controlnet is not installed"),
    ],
)
def test_an_impossible_job_raises_the_reason_and_makes_no_picture(run, job, message):
    if job not in run("jobs")["refused"]:
        pytest.skip("this webui can do it")
    assert re.search(message, run("jobs")["refused"][job])


def test_after_all_jobs_the_first_pictures_are_reproduced(run, made):
    answer = run("jobs")
    assert digests(answer["again"]) == digests(made["face"])
    assert digests(answer["bare"]) == digests(made["plain"])


def test_people_who_are_painted_one_by_one_do_not_change_each_other(run):
    answer = run("sequential")
    assert answer["left"] == 0
    assert answer["right"] > 0
    assert len(answer["infotext"].split("FaceChain identity: ")[1].split(",")[0].split("; ")) == 2


def test_a_stopped_job_returns_its_finished_pictures_and_a_failed_one_leaves_no_state(run):
    answer = run("stopping")
    assert digests(answer["stopped"]) == digests(answer["complete"])
    assert answer["in_queue"] == []
    assert "out of memory, say" in answer["failed"]
    assert answer["state"] == [False, False, ""]
    assert digests(answer["after"]) == digests(answer["complete"])


def test_concurrent_generations_wait_for_each_other_and_mix_no_faces(run):
    answer = run("concurrent")
    separate, concurrently = answer["separate"], answer["concurrently"]
    assert separate["a"] != separate["b"]
    assert concurrently == {"a": [separate["a"]] * 4, "b": [separate["b"]] * 2}
    between = answer["order"].index("between")
    assert answer["order"][between - 1 : between + 2] == ["a", "between", "a"]


def units_of(text):
    """What the host has written of ControlNet's units: their preprocessors and weights."""
    found = re.findall(r'ControlNet \d+: "Module: (\w+),.*?Weight: ([\d.]+)', text)
    return [(module, float(weight)) for module, weight in found]


@pytest.fixture(scope="module")
def faithful(run):
    made = run("faithful")
    if "skip" in made:
        pytest.skip(made["skip"])
    return made


def test_the_published_passes_reach_controlnet_with_their_weights(faithful):
    done = faithful["with"]
    assert [units_of(text) for text in done["texts"]] == [
        [("canny", 1.0)], [("canny", 1.0), ("none", 0.2)], [("canny", 0.8), ("none", 0.8)]
    ]  # fmt: skip
    strengths = [float(re.search(r"FaceChain strength: ([\d.]+)", text)[1]) for text in done["texts"]]
    assert strengths == [0.5, 0.55, 0.55]
    denoised = [re.search(r"Denoising strength: ([\d.]+)", text) for text in done["texts"]]
    assert [float(one[1]) if one else None for one in denoised] == [None, 0.6, 0.1]
    assert all("showed no face" in note for note in done["notes"])  # small models may paint none
    assert 0 < done["changed"] < 0.3


def test_without_controlnet_the_passes_continue_with_a_note(faithful):
    done = faithful["without"]
    assert "not installed" in done["reason"]
    assert [units_of(text) for text in done["texts"]] == [[], [], []]
    assert any("without ControlNet for openpose, openpose_face, canny" in note for note in done["notes"])
    assert 0 < done["changed"] < 0.3
