"""Runs inside a real webui's Python, in its folder: builds its page without a server and lets our tab's Host work.

``python inside_host.py SCENARIO RESULT.json``: what the scenario gives is written as JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import time
import traceback
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
SMALL = {"steps": 4, "width": 128, "height": 128, "seed": 1, "cfg": 5.0, "sampler": "Euler"}


def main(scenario: str, result: Path) -> None:
    """Start the host as its launcher does, without the server, and write what the scenario gives."""
    forge = Path("backend").is_dir()
    common = ["--skip-prepare-environment", "--skip-torch-cuda-test", "--no-download-sd-model", "--no-hashing"]
    cpu = ["--always-cpu"] if forge else ["--use-cpu", "all", "--no-half", "--precision", "full"]
    sys.argv = ["launch.py", *common, *cpu, *([] if forge else ["--do-not-download-clip", "--disable-nan-check"])]
    sys.path.insert(0, str(Path.cwd()))
    import webui

    if not forge:
        webui.initialize.initialize()
    from modules import script_callbacks, shared, ui

    script_callbacks.before_ui_callback()
    shared.demo = ui.create_ui()

    def work() -> None:
        try:
            answer = globals()[scenario]()
        except BaseException:  # noqa: BLE001 - written for the test
            answer = {"error": traceback.format_exc()}
        result.write_text(json.dumps(answer), encoding="utf-8")
        sys.stdout.flush()
        os._exit(0)

    threading.Thread(target=work).start()
    if forge:
        from modules_forge import main_thread

        main_thread.loop()


def people() -> list:
    """Two people, made up of one photo and its mirror image."""
    from PIL import Image, ImageOps

    from facechain_ext.hosts.webui import models
    from facechain_ext.identity import Identity

    photo = Image.open(HERE / "astronaut.jpg")
    return [Identity.from_photos([one], models.encoder()) for one in (photo, ImageOps.mirror(photo))]


def digest(portrait) -> str:
    """A short name for the pixels of a picture."""
    return hashlib.sha256(portrait.picture.convert("RGB").tobytes()).hexdigest()[:12]


def summaries(portraits) -> list:
    """The values of portraits that a test compares."""
    return [
        {
            "digest": digest(one), "seed": one.seed, "size": one.picture.size, "infotext": one.infotext,
            "notes": list(one.notes),
        }
        for one in portraits
    ]  # fmt: skip


def untrained_controlnet(spread: float = 0.0) -> str:
    """A ControlNet of the U-Net's sizes among the extension's models: its name, nothing without the extension.

    It adds nothing to the U-Net at a ``spread`` of 0, else noise that depends on its picture.
    """
    import tempfile

    import torch
    from modules import shared
    from safetensors.torch import save_file

    if "scripts.external_code" not in sys.modules and "internal_controlnet.external_code" not in sys.modules:
        return ""
    from scripts.cldm import PlugableControlModel

    from scripts import controlnet_model_guess, global_state

    unet = shared.sd_model.model.diffusion_model
    sizes = {
        "model_channels": unet.model_channels, "channel_mult": list(unet.channel_mult),
        "context_dim": unet.input_blocks[1][1].transformer_blocks[0].attn2.to_k.in_features,
    }  # fmt: skip
    controlnet_model_guess.controlnet_default_config.update(sizes)
    config = {**controlnet_model_guess.controlnet_default_config, "hint_channels": 3, "use_fp16": False}
    state = PlugableControlModel(config).control_model.state_dict()
    folder, name = tempfile.mkdtemp(), "untrained"
    torch.manual_seed(0)
    for key, value in state.items():
        if spread and ("zero_convs" in key or "middle_block_out" in key or "input_hint_block.14" in key):
            value.normal_(std=spread)
    state = {f"control_model.{key}": value.contiguous() for key, value in state.items()}
    save_file(state, str(Path(folder, f"{name}.safetensors")))
    shared.opts.data["control_net_models_path"] = folder
    global_state.update_cn_models()
    return name


def faithful() -> dict:
    """A template portrait by the published passes, and what the host writes of ControlNet's units in each.

    The weights of ControlNet's pose annotator are not here, so its edges stand in for the skeleton, and one untrained
    model of the U-Net's sizes serves both kinds; everything else is the host's own.
    """
    import numpy as np
    from modules import shared
    from PIL import Image, ImageOps

    model = untrained_controlnet()
    if not model:
        return {"skip": "there is no sd-webui-controlnet in this webui"}
    from facechain_ext.hosts.webui import controlnet
    from facechain_ext.hosts.webui.host import WebuiHost
    from facechain_ext.recipes.template import FaceSource, Settings, make, read_template

    chosen = next(name for name in controlnet.model_names() if model in name)
    for kind in ("canny", "openpose"):
        shared.opts.data[f"facechain_controlnet_{kind}"] = chosen
    for kind in ("openpose", "openpose_face"):
        controlnet._PREPROCESSORS[kind] = ("canny",)
    host, texts = WebuiHost(), []
    usual = host.generate

    def generate(job, **options):
        made = usual(job, **options)
        texts.append(made[0].infotext)
        return made

    host.generate = generate
    mirrored = people()[1]
    source = FaceSource(mirrored, np.asarray(ImageOps.mirror(Image.open(HERE / "astronaut.jpg").convert("RGB"))))
    canvas = read_template(HERE / "astronaut.jpg")

    def run() -> dict:
        texts.clear()
        capabilities = host.capabilities().controls
        kinds = frozenset(kind for kind, reason in capabilities.items() if not reason)
        settings = Settings(quality="faithful", steps=1, controls=kinds, sampler="Euler")
        done = make(canvas, {1: source}, settings, host=host)
        changed = float(done.changed.mean())
        return {"texts": list(texts), "notes": list(done.notes), "changed": changed, "reason": capabilities["openpose"]}

    with_units = run()
    controlnet._find_backend = lambda: None  # as it is where the extension is not installed
    return {"with": with_units, "without": run()}


def errors_of(work) -> str:
    """The message of the FaceChainError that ``work`` raises."""
    from facechain_ext.errors import FaceChainError

    try:
        work()
    except FaceChainError as error:
        return str(error)
    return ""


def jobs() -> dict:
    """Every kind of job once, bad ones between them; after all of them the first picture has to come out again."""
    import numpy as np
    from modules import shared
    from PIL import Image

    from facechain_ext.hosts.webui import controlnet
    from facechain_ext.hosts.webui.host import WebuiHost
    from facechain_ext.recipes.job import Control, Hires, Inpaint, Job, Lora, Person

    host = WebuiHost()
    anna, ben = people()
    plain = Job("a woman", "blue", **SMALL)
    face = replace(plain, people=(Person(anna, 1.0),))
    left = np.zeros((16, 16), np.float32)
    left[:, :8] = 1
    photo = Image.open(HERE / "astronaut.jpg").resize((128, 128))
    mask = Image.new("L", (128, 128))
    mask.paste(255, (32, 32, 96, 96))
    capabilities = host.capabilities()
    jobs_by_name = {
        "plain": plain,
        "face": face,
        "two": replace(face, people=(Person(anna, 1.0, region=left), Person(ben, 1.0, region=1 - left))),
        "count": replace(face, count=2),
        "karras": replace(plain, sampler="Euler Karras"),
        "hires": replace(face, hires=Hires(2.0, 0.5, 2, "Latent")),
        "hires_bare": replace(face, hires=Hires(2.0, 0.5, 2, "Latent"), face_in_hires=False),
        "inpaint": replace(face, inpaint=Inpaint(photo, 0.6, mask)),
        "remark": replace(plain, remarks={"FaceChain page": '{"a": "b, c"}'}),
    }
    if capabilities.loras:
        jobs_by_name["lora"] = replace(plain, loras=(Lora(capabilities.loras[0], 1.0),))
        known = sys.modules["networks"].available_networks[capabilities.loras[0]].filename
        jobs_by_name["lora_file"] = replace(plain, loras=(Lora(Path(known), 1.0),))
    untrained = untrained_controlnet(spread=0.05)
    if untrained:
        chosen = next(name for name in controlnet.model_names() if untrained in name)
        for kind in ("openpose", "depth"):
            shared.opts.data[f"facechain_controlnet_{kind}"] = chosen
        capabilities = host.capabilities()
    units = {kind: Control(kind, photo, 1.0, prepared=True) for kind in ("openpose", "openpose_face", "depth")}
    if not capabilities.controls["openpose"]:
        pose = units["openpose"]
        jobs_by_name |= {
            "pose": replace(face, controls=(pose,)),
            "pose_face": replace(face, controls=(units["openpose_face"],)),
            "pose_bare": replace(plain, controls=(pose,)),
            "pose_half": replace(face, controls=(replace(pose, weight=0.5),)),
            "pose_none": replace(face, controls=(replace(pose, weight=0.0),)),
            "pose_early": replace(face, controls=(replace(pose, window=(0.0, 0.1)),)),
            "pose_late": replace(face, controls=(replace(pose, window=(0.5, 1.0)),)),
        }
        if not capabilities.controls["depth"]:
            jobs_by_name["pose_depth"] = replace(face, controls=(pose, units["depth"]))
    made = {}
    for name, job in jobs_by_name.items():
        steps: list = []
        made[name] = summaries(host.generate(job, progress=lambda *step, seen=steps: seen.append(step) or True))
        made[name + "_steps"] = steps
    bad = {
        "sampler": replace(plain, sampler="no such"),
        "upscaler": replace(plain, hires=Hires(2.0, 0.5, 2, "no such")),
        "adapter": replace(face, adapter="no such"),
        "lora": replace(plain, loras=(Lora("no such", 1.0),)),
        "windows": replace(face, people=(Person(anna, window=(0, 0.5)), Person(ben))),
        "depth": replace(plain, controls=(units["depth"],)) if capabilities.controls["depth"] else None,
        "units": replace(plain, controls=(Control("openpose", photo, prepared=True),) * 12),
    }
    refused = {name: errors_of(lambda job=job: host.generate(job)) for name, job in bad.items() if job is not None}
    return {
        "made": made, "refused": refused,
        "again": summaries(host.generate(face)), "bare": summaries(host.generate(plain)),
        "offers": {
            "samplers": capabilities.samplers, "controls": capabilities.controls, "checkpoint": capabilities.checkpoint,
        },
    }  # fmt: skip


def sequential() -> dict:
    """Two people painted one by one, and again with the second exchanged: how much each half changes."""
    import numpy as np

    from facechain_ext.hosts.webui.host import WebuiHost
    from facechain_ext.recipes.job import Job, Person
    from facechain_ext.recipes.regions import RegionPrompt, assign_regions
    from facechain_ext.recipes.sequential_inpaint import SequentialInpaintHost

    anna, ben = people()
    job, infotexts, pictures = Job("two women", "blue", **SMALL), [], []
    for second in (ben, anna):
        placed = assign_regions(Person(anna, 1.0), None, [(second, RegionPrompt("second"))])
        (done,) = SequentialInpaintHost(WebuiHost(), 0.75).generate(replace(job, people=placed))
        infotexts.append(done.infotext)
        pictures.append(np.asarray(done.picture, np.int16))
    change, width = np.abs(pictures[0] - pictures[1]), SMALL["width"]
    return {
        "left": int(change[:, : round(0.45 * width)].max()), "right": int(change[:, round(0.55 * width) :].max()),
        "infotext": infotexts[0],
    }  # fmt: skip


def stopping() -> dict:
    """A job that is stopped in the middle of its second picture, one that is stopped in the queue, and a broken one."""
    from modules import processing, shared

    from facechain_ext.hosts.webui.host import WebuiHost
    from facechain_ext.recipes.job import Job, Person

    host = WebuiHost()
    anna, _ = people()
    job = Job("a woman", "blue", people=(Person(anna, 1.0),), count=3, **SMALL)
    complete = summaries(host.generate(replace(job, count=1)))

    calls: list = []
    stopped = summaries(host.generate(job, progress=lambda *step: calls.append(step) or len(calls) < 8))
    in_queue = summaries(host.generate(job, progress=lambda *_: False))

    sampled = processing.decode_latent_batch

    def broken(*_args, **_kwargs):
        raise RuntimeError("out of memory, say")

    processing.decode_latent_batch = broken
    failed = errors_of(lambda: host.generate(job))
    processing.decode_latent_batch = sampled
    state = [shared.state.interrupted, shared.state.skipped, shared.state.job]
    return {
        "complete": complete, "stopped": stopped, "calls": calls, "in_queue": in_queue, "failed": failed,
        "state": state,
        "after": summaries(host.generate(replace(job, count=1))),
    }  # fmt: skip


def concurrent() -> dict:
    """Two people, four threads, and a queued pair of generations that nothing may come between."""
    from facechain_ext.hosts.webui.host import WebuiHost
    from facechain_ext.recipes.job import Job, Person

    host = WebuiHost()
    anna, ben = people()
    jobs = {
        name: Job("a woman", "blue", people=(Person(who, 1.0),), **SMALL) for name, who in (("a", anna), ("b", ben))
    }
    separate = {name: summaries(host.generate(job))[0]["digest"] for name, job in jobs.items()}
    concurrently: dict = {"a": [], "b": []}
    order: list = []

    def one(name: str) -> None:
        concurrently[name].append(summaries(host.generate(jobs[name]))[0]["digest"])
        order.append(name)

    def pair() -> None:
        one("a")
        order.append("between")
        one("a")

    threads = [threading.Thread(target=one, args=(name,)) for name in "abab"]
    threads.append(threading.Thread(target=host.queued(pair)))
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    return {"separate": separate, "concurrently": concurrently, "order": order}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve())
