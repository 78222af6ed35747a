"""Blend a person's face into a picture, without a diffusion model.

python examples/template_portrait.py party.png me.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

from facechain_ext import read_picture
from facechain_ext.recipes.template import FaceSource, Settings, find_template_faces, make, read_template


def main(arguments: list[str] | None = None) -> int:
    """Write the finished picture; gives how many faces the template has."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("template", type=Path)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--face", type=int, default=1, help="number of the template's face, from the left")
    parser.add_argument("--out", type=Path, default=Path("template-portrait.png"))
    given = parser.parse_args(arguments)

    template = read_template(given.template)
    faces = find_template_faces(template.pixels)
    people = {given.face: FaceSource(photo=read_picture(given.photo).pixels)}
    result = make(template, people, Settings(quality="instant"), targets=faces)
    template.save(result.pixels, given.out)  # refuses to overwrite a file
    for note in result.notes:
        print(note)
    print(f"{given.out}: face {given.face} of {len(faces)}, {result.changed.mean():.1%} of the pixels changed")
    return len(faces)


if __name__ == "__main__":
    main()
