"""Make portraits of the person in one photo, without a webui: python examples/portrait_from_photo.py me.jpg."""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL.PngImagePlugin import PngInfo

from facechain_ext import DiffusersHost, Identity, Job, Person, TransFace

TINY = Path(__file__).resolve().parents[1] / "models" / "small"


def main(arguments: list[str] | None = None) -> list[Path]:
    """Write the pictures and print their paths."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--prompt", default="a portrait of a woman, city at night")
    parser.add_argument("--checkpoint", type=Path, default=TINY / "checkpoint.safetensors", help="SD1.5, one file")
    parser.add_argument("--adapter", type=Path, default=TINY / "adapter.safetensors")
    parser.add_argument("--encoder", type=Path, default=TINY / "encoder.safetensors", help="TransFace-S")
    parser.add_argument("--strength", type=float, default=0.5, help="0 is off, 0.5 the published setting")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--side", type=int, default=96, help="96 for the tiny models, 512 for real ones")
    parser.add_argument("--out", type=Path, default=Path("outputs"))
    given = parser.parse_args(arguments)

    person = Identity.from_photos(given.photo, TransFace.from_file(given.encoder), name=given.photo.stem)
    for note in person.notes:  # what is doubtful about the photo, in words
        print(note)
    host = DiffusersHost.from_files(given.checkpoint, adapter=given.adapter)
    job = Job(
        given.prompt,
        people=(Person(person, strength=given.strength),),
        count=given.count,
        steps=given.steps,
        width=given.side,
        height=given.side,
    )
    given.out.mkdir(parents=True, exist_ok=True)
    paths = []
    for portrait in host.generate(job):
        settings = PngInfo()
        settings.add_text("parameters", portrait.infotext)  # where webuis look for a picture's settings
        paths.append(given.out / f"{given.photo.stem}-{portrait.seed}.png")
        portrait.picture.save(paths[-1], pnginfo=settings)
        print(paths[-1])
    return paths


if __name__ == "__main__":
    main()
