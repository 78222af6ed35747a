"""A stand-in for SadTalker's inference.py: same options, moves its inputs, writes late, dies or hangs on demand.

Run as a program by the tests. ``behaviour.txt`` beside it says what to do.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import time

parser = argparse.ArgumentParser()
for name in ("--driven_audio", "--source_image", "--result_dir", "--preprocess", "--size", "--enhancer"):
    parser.add_argument(name)
parser.add_argument("--still", action="store_true")
options = parser.parse_args()
behaviour = pathlib.Path(__file__).with_name("behaviour.txt").read_text()
save = pathlib.Path(options.result_dir) / time.strftime("%Y_%m_%d_%H.%M.%S")
(save / "input").mkdir(parents=True)
pathlib.Path(__file__).with_name("environment.txt").write_text("\n".join(os.environ))
for file in (options.source_image, options.driven_audio):  # as SadTalker.test does
    shutil.move(file, save / "input")
for percent in (0, 40, 100):
    sys.stderr.write(f"\rFace Renderer:: {percent:3d}%|####| ")
    sys.stderr.flush()
    time.sleep(0.25 if behaviour == "slow" else 0)
if behaviour == "dies":
    sys.stdout.write("3DMM Extraction for source image\n")
    raise SystemExit("RuntimeError: CUDA out of memory")
if behaviour in ("hangs", "slow"):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    pathlib.Path(__file__).with_name("child.txt").write_text(str(child.pid))
    time.sleep(60)
if behaviour == "no face":
    sys.stdout.write("Can't get the coeffs of the input\n")
    raise SystemExit(0)
out = f"{save}.mp4"
picture, sound = save / "input" / "portrait.png", save / "input" / "voice.wav"
command = ["ffmpeg", "-v", "error", "-y", "-loop", "1", "-r", "10", "-i", str(picture), "-i", str(sound), "-t", "1.2"]
command += ["-pix_fmt", "yuv420p", "-vf", "scale=64:64", out]
if behaviour == "late":
    code = f"import subprocess, time; time.sleep(1); subprocess.run({command!r})"
    subprocess.Popen([sys.executable, "-c", code])
else:
    subprocess.run(command, check=True)
sys.stdout.write(f"The generated video is named: {out}\n")
