"""What our tab's Host does inside a real webui; each function is a scenario that gives values for JSON."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

from inside_parts import PHOTO, SMALL, errors_of, people, summaries, untrained_controlnet


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
    source = FaceSource(mirrored, np.asarray(ImageOps.mirror(Image.open(PHOTO).convert("RGB"))))
    canvas = read_template(PHOTO)

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
    photo = Image.open(PHOTO).resize((128, 128))
    mask = Image.new("L", (128, 128))
    mask.paste(255, (32, 32, 96, 96))
    capabilities = host.capabilities()
    karras = next(name for name in ("Euler Karras", "DPM++ 2M Karras") if name in capabilities.samplers)
    jobs_by_name = {
        "plain": plain,
        "face": face,
        "two": replace(face, people=(Person(anna, 1.0, region=left), Person(ben, 1.0, region=1 - left))),
        "count": replace(face, count=2),
        "karras": replace(plain, sampler=karras),
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


def bar() -> dict:
    """The webui's own bar, as its page reads it, while a template's two faces are painted one after the other."""
    import numpy as np
    from modules import shared
    from PIL import Image, ImageOps

    from facechain_ext.hosts.webui.host import WebuiHost
    from facechain_ext.recipes.shared_progress import host_progress
    from facechain_ext.recipes.template import FaceSource, Settings, make, read_template

    photo = np.asarray(Image.open(PHOTO).convert("RGB"))
    mirrored = np.asarray(ImageOps.mirror(Image.open(PHOTO).convert("RGB")))
    both = Path(tempfile.mkdtemp(), "both.png")
    Image.fromarray(np.concatenate([photo, mirrored], axis=1)).save(both)
    anna, ben = people()
    sources = {1: FaceSource(ben, mirrored), 2: FaceSource(anna, photo)}
    settings = Settings(quality="standard", steps=4, sampler="Euler", sides=(64, 64))
    host, seen, done = WebuiHost(), [], threading.Event()

    def look() -> None:
        while not done.wait(0.02):
            state = shared.state
            if state.job_count > 0:
                part = state.sampling_step / state.sampling_steps if state.sampling_steps else 0
                seen.append(((state.job_no + part) / state.job_count, state.job_count))

    watching = threading.Thread(target=look)
    watching.start()
    try:
        shown = host_progress(host)
        made = host.queued(lambda: make(read_template(both), sources, settings, host=host, progress=shown))()
    finally:
        done.set()
        watching.join()
    return {"seen": seen, "notes": list(made.notes), "after": [shared.state.job_count, shared.state.job]}
