"""The webui runs this at its start: it installs nothing. Alone: ``python install.py portrait|serve|test|matrix``.

Without an argument it says nothing unless something that is needed is missing, and then which command adds it; it
changes no package of the host. With one it makes a virtual environment of its own beside this file and works in that.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent

TORCH = "torch==2.13.0"
"""First and exactly: the later packages then find it and bring no other build."""
MEDIAPIPE = "mediapipe==0.10.14"
"""The last line of releases that carries its models; installed without what it needs only for drawing and sound."""
HOST_MEDIAPIPE = "mediapipe==0.10.9 flatbuffers absl-py attrs matplotlib"
"""What works beside the protobuf 3.20 that the webui pins."""
NO_MEDIAPIPE = (3, 13)
"""The first Python for which no release has its models; a file of another Python's is read instead (faces)."""
MEDIAPIPE_NEEDS = ["absl-py", "attrs", "flatbuffers", "protobuf>=4.25.3,<5", "matplotlib"]
LDM = "stable-diffusion-sdkit==2.1.5"
"""Carries the ldm U-Net that the webui runs; its own requirements are of another time."""
GRADIO = (
    "gradio==4.40.0 gradio_client==1.2.0 fastapi==0.104.1 starlette==0.27.0 pydantic==2.8.2 pydantic_core==2.20.1 "
    "annotated-types httpx==0.24.1 httpcore==0.17.3 anyio==3.7.1 h11==0.14.0 websockets==11.0.3 aiofiles==23.2.1 ffmpy "
    "pydub==0.25.1 semantic-version==2.10.0 orjson python-multipart uvicorn click Jinja2 MarkupSafe==2.1.5 "
    "importlib_resources tomlkit==0.12.0 pandas==2.3.3 pytz python-dateutil six tzdata sniffio idna certifi requests "
    "charset-normalizer urllib3"
)
"""What Forge runs, without the requirements that would take back the newer packages of diffusers and transformers."""
GRADIO_LIMITS = ["huggingface-hub<1", "transformers<5", "diffusers<0.37", "Pillow<11"]
"""The last releases beside which gradio 4.40 imports: it uses a class that huggingface-hub 1 dropped."""
TEST_LIMITS = ["--maxfail=12", "--timeout=900", "--session-timeout=2700"]
"""At most 12 failures, 900 s a test and 2700 s a run: a run that is stopped from outside never says what failed."""
DETECTORS = ("facexlib", "mediapipe")
"""Packages that find faces; without one of them no photo can be used. The webui itself brings the first."""


def main(arguments: list[str]) -> int:
    """Do what is asked for; gives the exit code."""
    tasks = {"portrait": portrait, "serve": serve, "test": test, "matrix": matrix}
    if not arguments:
        return in_the_webui()
    if arguments[0] not in tasks or len(arguments) > 1:
        print(f"Use: python install.py {'|'.join(tasks)}", file=sys.stderr)
        return 2
    return tasks[arguments[0]]()


def in_the_webui() -> int:
    """Say what is needed and missing, which is nothing in most webuis; change nothing."""
    if not any(importlib.util.find_spec(module) for module in DETECTORS):
        arguments = ["install", "--no-deps", *HOST_MEDIAPIPE.split()]
        if sys.version_info[:2] >= NO_MEDIAPIPE:
            arguments = download_wheel(f'"{sys.prefix}"')
        command = f'"{sys.executable}" -m pip {" ".join(arguments)}'
        print(f"FaceChain: nothing here can find faces, so no photo can be used. What adds it and no more: {command}")
    return 0


def portrait() -> int:
    """Install what the command line needs, and run the main job on a real photo with small models."""
    python = environment(".venv-portrait", fresh=False)
    if not ready(python):
        install(python, [*standalone_steps(), *wheel_step(python)])
        mark_ready(python)
    say("making portraits")
    return run([python, "-m", "facechain_ext", "demo", "--out", str(ROOT / "outputs")])


def serve() -> int:
    """Install what the page needs, and open it on this machine only."""
    python = environment(".venv-serve", fresh=False)
    if not ready(python):
        steps = [*standalone_steps(limits=GRADIO_LIMITS), *wheel_step(python)]
        install(python, [*steps, ["--no-deps", *GRADIO.split()]])
        mark_ready(python)
    say("starting the page")
    return run([python, "-m", "facechain_ext", "serve"])


def test() -> int:
    """Every check, in fresh environments: with the gradio that Forge has, then with what AUTOMATIC1111 pins."""
    failed = [*newest_checks(), *pinned_checks()]
    for line in not_run():
        print(line, flush=True)
    say(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def matrix() -> int:
    """Library and glue under the packages of every webui, each with its own Python; names those that are missing."""
    import host_matrix  # noqa: PLC0415 - a webui has no use for it

    failed, missing = [], []
    for row in host_matrix.MATRIX:
        base = host_matrix.find_python(row.python)
        if not base:
            missing.append(f"{row.name}: there is no Python {row.python} here")
            continue
        folder = ROOT / f".venv-matrix-{row.python}"
        python = environment(folder.name, fresh=True, base=base)
        install(python, host_matrix.steps(row, GRADIO, MEDIAPIPE, LDM, folder))
        name = f"{row.name}, Python {row.python}"
        failed += [name] if pytest(python, name, *host_matrix.TESTS) else []
    for line in [*not_run(), *missing]:
        print(line, flush=True)
    say(f"failed: {', '.join(failed)}" if failed else f"{len(host_matrix.MATRIX) - len(missing)} combinations passed")
    return 1 if failed else 0


def newest_checks() -> list[str]:
    """Lint, format, types, and every test; gives the names of the checks that failed."""
    python = environment(".venv-test", fresh=True)
    steps = standalone_steps("standalone,training,test,browser,judge", GRADIO_LIMITS)
    install(python, [*steps, ["--no-deps", LDM], ["--no-deps", *GRADIO.split()]])
    checks = {
        "lint": ["ruff", "check", "."],
        "format": ["ruff", "format", "--check", "."],
        "types": ["mypy"],
    }
    failed = [name for name, check in checks.items() if timed(name, [python, "-m", *check])]
    name = "tests with gradio 4"
    return [*failed, name] if pytest(python, name) else failed


def pinned_checks() -> list[str]:
    """The glue with no packages but those of AUTOMATIC1111's webui 1.10.1, then the page in a browser beside them."""
    host = ROOT / "tests" / "hosts" / "webui" / "requirements-host.txt"
    page = ROOT / "tests" / "ui" / "requirements-gradio3.txt"
    python = environment(".venv-host", fresh=True)
    install(python, [["-r", str(host)], ["--no-deps", HOST_MEDIAPIPE.split(maxsplit=1)[0], LDM]])
    failed = [name for name in ("tests under the host's pins",) if pytest(python, name, "tests/hosts/webui")]
    install(python, [["-r", str(page), "-c", str(host)], ["--no-deps", "-e", str(ROOT)]])
    name = "the page with gradio 3"
    return [*failed, name] if pytest(python, name, "tests/ui") else failed


def pytest(python: str, name: str, *paths: str) -> int:
    """Run tests, two files at a time; what did not run is kept for the closing lines."""
    report = REPORTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    options = ["--durations=20", "-n", "2", "--dist", "loadfile", f"--junit-xml={report}", *TEST_LIMITS]
    return timed(name, [python, "-m", "pytest", *options, *paths])


def not_run() -> list[str]:
    """What the runs skipped and why, then the sums of all of them, as lines."""
    lines, sums = [], Counter({"passed": 0, "failed": 0, "skipped": 0})
    for report in sorted(REPORTS.glob("*.xml")):
        cases = list(ET.parse(report).iter("testcase"))  # noqa: S314 - pytest wrote it a moment ago
        skipped = [(case, case.find("skipped")) for case in cases]
        reasons = Counter(reason(case, skip) for case, skip in skipped if skip is not None)
        failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
        sums.update(passed=len(cases) - failed - reasons.total(), failed=failed, skipped=reasons.total())
        lines.append(f"{report.stem}: {reasons.total()} of {len(cases)} did not run")
        lines += [f"  {count} in {where}: {why}" for (where, why), count in sorted(reasons.items())]
    return [*lines, ", ".join(f"{count} {word}" for word, count in sums.items())]


def reason(case: ET.Element, skip: ET.Element) -> tuple[str, str]:
    """The file of a test that was skipped, and why."""
    words = skip.get("message") or ""
    if words == "collection skipped":  # a whole file
        _path, _line, words = ast.literal_eval(skip.text or "('', 0, '')")
    return (case.get("classname") or case.get("name") or "").replace(".", "/"), words.removeprefix("Skipped: ")


def standalone_steps(extras: str = "standalone", limits: Sequence[str] = ()) -> list[list[str]]:
    """What pip is asked for, in order; ``limits`` are requirements that hold beside those of ``extras``."""
    if sys.version_info[:2] >= NO_MEDIAPIPE:
        return [[TORCH], ["-e", f"{ROOT}[{extras}]", *limits]]
    return [[TORCH], ["-e", f"{ROOT}[{extras}]", *limits], MEDIAPIPE_NEEDS, ["--no-deps", MEDIAPIPE]]


def download_wheel(folder: str) -> list[str]:
    """Pip's arguments that put mediapipe's wheel into ``folder``, whose networks OpenCV reads; it installs nothing."""
    return ["download", "--no-deps", "--only-binary=:all:", "--python-version", "3.12", "-d", folder, MEDIAPIPE]


def wheel_step(python: str) -> list[list[str]]:
    """The step that brings faces to an environment of a Python without mediapipe."""
    return [download_wheel(str(Path(python).parents[1]))] if sys.version_info[:2] >= NO_MEDIAPIPE else []


def environment(name: str, *, fresh: bool, base: str = sys.executable) -> str:
    """The Python of a virtual environment beside this file, made when it is not there or should be ``fresh``.

    ``base`` is the Python that it is made of.
    """
    folder = ROOT / name
    if fresh and folder.exists():
        shutil.rmtree(folder)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        say(f"making the environment {name}")
        run([base, "-m", "venv", str(folder)])
    return str(python)


def ready(python: str) -> bool:
    """Whether an environment was filled to the end for this version of the project's requirements."""
    mark = Path(python).parents[1] / "ready"
    return mark.is_file() and mark.read_text(encoding="utf-8") == wanted()


def mark_ready(python: str) -> None:
    """Remember that an environment is filled."""
    (Path(python).parents[1] / "ready").write_text(wanted(), encoding="utf-8")


def wanted() -> str:
    """What an environment is filled with, as a text that changes when it does."""
    return repr((standalone_steps(), GRADIO, GRADIO_LIMITS)) + (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def install(python: str, steps: list[list[str]]) -> None:
    """Run pip, or uv where it is on the path, once for each step; ends the program when one fails."""
    for step in steps:
        say(f"installing {' '.join(Path(part).name if os.sep in part else part for part in step)}")
        if run(installer(python, step, shutil.which("uv"))):
            sys.exit(
                "Installing failed; the lines above say why. Check the connection and the free space, and try again."
            )


def installer(python: str, step: list[str], uv: str | None) -> list[str]:
    """The command of one step for the environment of ``python``; uv has no "download", which stays with pip."""
    if step[0] == "download":
        return [python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", *step[1:]]
    if uv:
        return [uv, "pip", "install", "--quiet", "--python", python, *step]
    return [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *step]


def timed(name: str, command: list[str]) -> int:
    """Run one check and say how long it took."""
    start = time.perf_counter()
    say(name)
    code = run(command)
    free = shutil.disk_usage(tempfile.gettempdir()).free / 1e9
    say(f"{name}: {'failed' if code else 'passed'} after {time.perf_counter() - start:.0f} s, {free:.1f} GB are free")
    return code


def run(command: list[str]) -> int:
    """Run a command in the project's folder; gives its exit code."""
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603 - our own commands


def say(text: str) -> None:
    """Print a line with the time since the start."""
    print(f"[{time.perf_counter() - START:6.1f} s] {text}", flush=True)


REPORTS = ROOT / ".pytest_cache" / "reports"
START = time.perf_counter()

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
