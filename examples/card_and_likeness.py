"""Keep a person as a card and say how like another photo is.

python examples/card_and_likeness.py me.jpg --with other.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

from facechain_ext import Identity, TransFace, likeness

TINY = Path(__file__).resolve().parents[1] / "models" / "small"


def main(arguments: list[str] | None = None) -> float | None:
    """Write the card, read it again, and compare it; gives the cosine, -1..1, where there is another photo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="+", help="photos of one person")
    parser.add_argument("--with", type=Path, dest="other", help="another photo, to be compared")
    parser.add_argument("--encoder", type=Path, default=TINY / "encoder.safetensors", help="TransFace-S")
    parser.add_argument("--card", type=Path, default=Path("person.safetensors"))
    given = parser.parse_args(arguments)

    encoder = TransFace.from_file(given.encoder)
    person = Identity.from_photos(given.photos, encoder, name=given.photos[0].stem)
    person.save(given.card, overwrite=True)  # the aligned faces and numbers: personal data like the photos
    person = Identity.load(given.card)
    print(f"{given.card}: {person.name} ({person.digest}), photos: {len(person.photos)}")
    if given.other is None:
        return None
    other = Identity.from_photos(given.other, encoder)
    cosine = likeness(person.embedding, other.embedding)
    print(f"likeness to {given.other}: {cosine:.3f}")
    return cosine


if __name__ == "__main__":
    main()
