"""Colours for a style from its own words: the hour and the weather give the backdrop, colour words the clothes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

from research.style_pictures.canvas import Color, lighter, mix, rgb

if TYPE_CHECKING:
    from facechain_ext.styles import Style


@dataclass(frozen=True)
class Palette:
    """``top`` and ``bottom`` of the backdrop, the colour of the ``light``, of the ``cloth``, and of an ``accent``."""

    top: Color
    bottom: Color
    light: Color
    cloth: Color
    accent: Color

    @property
    def dark(self) -> Color:
        """The deepest tone of the backdrop."""
        return lighter(mix(self.top, self.bottom, 0.3), -0.62)

    @property
    def far(self) -> Color:
        """What stands far away takes the colour of the air."""
        return mix(self.dark, self.bottom, 0.55)

    @property
    def bright(self) -> bool:
        """Whether the backdrop is light."""
        return sum(self.bottom) + sum(self.top) > 3.2


# (words, top, bottom, light): the first row with a word of the style counts
MOODS: tuple[tuple[str, str, str, str], ...] = (
    ("underwater beneath caustics coral-garden fish", "063a63", "3fc4c0", "c9fff2"),
    ("porthole dive", "04303a", "1f7d78", "8dffd0"),
    ("space-suit starship spacecraft nebula moon-behind star-field", "060818", "2a2466", "bcd4ff"),
    ("rust-red dust-caked", "7a2f1c", "e39a63", "ffe0b5"),
    ("aurora", "031226", "0d4a52", "7dffb8"),
    ("holographic neon-alley magenta", "12082e", "3b1160", "ff58c8"),
    ("neon", "0e1230", "4a1c4e", "ff6a5e"),
    ("hologram scan cyan", "020b1c", "07344f", "4fe3ff"),
    ("embers flame-red", "160505", "8a2410", "ffb15c"),
    ("campfire firelight", "0a1430", "2f3a5c", "ffa64d"),
    ("crescent cape-and moon-over", "0d0b26", "3c3a6b", "dfe6ff"),
    ("moonlight gothic vampire", "0b1022", "3b4666", "cfdcff"),
    ("lanterns lantern floating-lights", "1d1030", "a2402c", "ffc36b"),
    ("mirror-ball haze,", "1a0b3a", "6b2a78", "ffd0f5"),
    ("headset backlight", "050a20", "1d3f8a", "9fc4ff"),
    ("rain-hatching", "1b2029", "8b96a5", "e9eef5"),
    ("rainy-night puddles,", "0a1220", "2f4a66", "ffd79a"),
    ("street-lamps motorbike sodium", "0a1526", "2e4a5f", "ffc078"),
    ("flash", "17120f", "5b4a3e", "fff3df"),
    ("candlelit candle candle-side candles", "1c0d0d", "6b2b21", "ffca7a"),
    ("spotlight stage-robe tailcoat dark-hall", "150a10", "5a2030", "ffe3ae"),
    ("footlights tablao", "240a0c", "9c3423", "ffca85"),
    ("tungsten mahogany brass-lamps gaslight", "20120b", "7c4a24", "ffd08a"),
    ("violet-sky city-lights-coming", "2a2358", "d9798a", "ffd0a8"),
    ("dusk twilight", "2b2c5c", "d98266", "ffcf9c"),
    ("sunset last-sun evening-light", "54356b", "f2a05c", "ffe2a6"),
    ("sunrise pink-dawn dawn", "6a83b5", "f6c9a4", "fff0cf"),
    ("golden-hour honey-coloured golden poplars", "b5762a", "f8d787", "fff3c4"),
    ("storm stormy", "2b3644", "8a97a3", "f4e6c8"),
    ("sunbeams", "2c5a36", "c9d58f", "fff3c0"),
    ("rainforest emerald-half-shade ferns", "0e3d2a", "5fae7c", "e6ffd9"),
    ("solarpunk", "3f9fc9", "d9f2c4", "fffbe0"),
    ("fog mist, misty-harbour pewter", "76858f", "ccd3d4", "ffffff"),
    ("snow snow-covered snow-dusted powder flakes ski", "6f97c4", "eef4fa", "ffffff"),
    ("frozen icicles frosted", "154a7d", "bfe3f5", "eafaff"),
    ("overcast reeds bare-branches", "8a8f92", "cdc8bd", "f5f0e6"),
    ("maple autumn persimmon", "8c4a25", "f0b873", "ffe9c0"),
    ("bamboo", "2f6b3c", "cfe3a6", "faffd9"),
    ("old-growth woodland standing-stones fireflies oaks trunks forest-path grove", "123628", "8fb083", "fff4c9"),
    ("cherry pink-background", "f0b8cc", "fdeaf0", "ffffff"),
    ("lavender", "6c63b5", "f0b9a8", "ffe6c4"),
    ("sunflowers", "2f7fd0", "a9d8f5", "fff2b0"),
    ("dunes dune desert salt-flat canyon", "d99a52", "f7e0b4", "fff3d0"),
    ("prairie corral dry-grass barn", "b9783f", "f3d7a0", "fff0c8"),
    ("surf beach seaside rocky-shore sea sunswell water", "3f9cd6", "d8f1ee", "fff8dc"),
    ("steppe pastures hill meadow moor valley terraced vines", "4d96cf", "d9efd0", "fffbe0"),
    ("floodlit", "0b1d2c", "2f6b57", "eaffff"),
    ("wheat fields farmhouse", "7fb2d8", "f7e3ae", "fff4cc"),
    ("garden pergola apple-tree bloom water-lily", "7fb48c", "e9f3cf", "fffbe0"),
    ("parlour pastel bubble-gum carousel candy", "f29cc0", "fde3ea", "ffffff"),
    ("violet-backdrop lilac", "4b2a86", "c9a0e8", "ffe6ff"),
    ("white-void high-key porcelain-seams", "c9d3de", "f8fafc", "ffffff"),
    ("burgundy", "2c0a14", "8a2036", "ffc9b8"),
    ("black-and-white near-black charcoal-backdrop", "16171a", "5c5e62", "ffffff"),
    ("plain-dark dark-hall half-darkness dim", "0f0d14", "4a4152", "ffe3b0"),
    ("graphite steel", "1d232b", "6a7683", "e8f4ff"),
    ("steel-blue north", "4d6a86", "c3d3e0", "f2f8ff"),
    ("oak shelves library vials", "23160d", "7b5028", "ffd48a"),
    ("workshop workbench bench shavings", "3a2415", "b98a52", "ffe7b3"),
    ("glasshouse greenhouse", "5d9a78", "e6f4d9", "fffff0"),
    ("palace courtyard cloister nave throne columns vaulted temple", "5a3a2a", "d9a870", "ffe7b8"),
    ("kitchen café counter espresso copper", "4a3020", "cfa676", "ffeaca"),
    ("ward lab glassware corridor", "6d9cb5", "e4f1f5", "ffffff"),
    ("lobby lift", "34506b", "b9cfdd", "fff6e0"),
    ("alley street crossing avenue square bridge", "4a5b74", "c7c6c4", "ffeed2"),
    ("studio seamless plain backdrop", "8a8784", "e2ddd5", "ffffff"),
)

TAG_MOODS = {
    "night": ("0b1230", "35406f", "ffdf9e"),
    "winter": ("6f97c4", "eef4fa", "ffffff"),
    "autumn": ("8c4a25", "f0b873", "ffe9c0"),
    "summer": ("3f9cd6", "d8f1ee", "fff8dc"),
    "spring": ("8cc4a4", "f3eed8", "ffffff"),
    "sea": ("1f6fa8", "bfe3e6", "ffffff"),
    "forest": ("123628", "8fb083", "fff4c9"),
    "mountain": ("3e7cb8", "dbe9ee", "ffffff"),
    "outdoor": ("5a9ccf", "e3efdc", "fff7d8"),
    "stage": ("150a10", "5a2030", "ffe3ae"),
    "evening": ("1d1730", "7a4a52", "ffd9a0"),
    "film": ("4a4640", "c4a684", "ffe9c8"),
    "studio": ("85807c", "e2ddd5", "ffffff"),
    "indoor": ("57402f", "d4b48c", "ffefcf"),
    "fantasy": ("2a2458", "b08ac2", "ffe9ff"),
    "future": ("0d1838", "4c6a9c", "b8e6ff"),
}

COLORS = {
    "pearl-white": "f1ece2",
    "ivory": "f3ead3",
    "white": "f2f2ee",
    "cream": "f0e3c4",
    "oatmeal": "ddcdb0",
    "pale": "cfd5dc",
    "undyed": "d9cdb4",
    "sand": "d8bf94",
    "sand-coloured": "d8bf94",
    "camel": "b98a55",
    "beige": "d3b98d",
    "ochre": "c98a2b",
    "amber": "e29a2e",
    "gold": "d9a832",
    "golden": "d9a832",
    "gilded": "cfa13a",
    "lemon": "f2d43a",
    "yellow": "f0c330",
    "tangerine": "f07a28",
    "orange": "ea7a2c",
    "coral": "f0705c",
    "peach": "f6b48f",
    "copper-red": "b5502e",
    "copper": "b5673a",
    "bronze": "9a6a35",
    "brass": "b98f3e",
    "rust-red": "a8482c",
    "vermilion": "e0452f",
    "crimson": "b3152f",
    "scarlet": "cf1f2b",
    "red": "c9302c",
    "ruby": "a5123c",
    "cinnabar": "c8402f",
    "burgundy": "6e1530",
    "wine-red": "6e1530",
    "plum": "6f2f5c",
    "pink": "ef8fb0",
    "rose": "d9738f",
    "rose-tinted": "d9939f",
    "bubble-gum": "f58ab8",
    "magenta": "d02c8c",
    "lilac": "b594d9",
    "violet": "7d55b8",
    "lavender": "9a86cf",
    "indigo": "2f3a86",
    "navy": "1d2b4f",
    "midnight": "1a2250",
    "cobalt": "2048b0",
    "blue": "2f62b5",
    "sky-blue": "7db9e8",
    "kingfisher-blue": "1f86b5",
    "steel-blue": "5b7f9e",
    "cyan": "2fc4dd",
    "turquoise": "2cb5b0",
    "teal": "1d7c84",
    "celadon": "a9cdb2",
    "sage": "9aae88",
    "jade": "4b9d78",
    "emerald": "1f8a5a",
    "bottle-green": "174c38",
    "green": "4b8f55",
    "moss-coloured": "6b7a3f",
    "khaki": "a2925f",
    "hemp": "b5a372",
    "umber": "6b4a2e",
    "brown": "6f4a30",
    "bark-brown": "5c4028",
    "mahogany": "5a2a1c",
    "leather": "5f3c28",
    "tweed": "7a6a50",
    "denim": "4a6c96",
    "silver": "b9c2cc",
    "silver-white": "dfe4ea",
    "silver-grey": "9aa2aa",
    "stone-grey": "9b9892",
    "grey": "85888c",
    "charcoal": "3a3c42",
    "graphite": "3b4148",
    "black": "22232a",
}
_NO_CLOTH = re.compile(
    r"\b(\w+[- ])?(hair|lips|eyes|backdrop|background|wall|sky|skin|glow|rainbow|carpet|plain)\b|black and white"
)


def words_of(style: Style) -> str:
    """The style's key, name, tags and prompt as one text in small letters, with spaces around."""
    return f" {style.key} {style.en} {' '.join(style.tags)} {style.prompt} ".casefold()


def has(text: str, word: str) -> bool:
    """Whether a word, or several joined by hyphens that stand together, begins somewhere in the text."""
    plain = word.rstrip(",")
    return re.search(rf"(?<![a-z]){re.escape(plain)}(?![a-z])", text) is not None or (
        "-" in plain and plain.replace("-", " ") in text
    )


def palette_of(style: Style) -> Palette:
    """The colours of a style; each is moved a little by its key, so that no two are alike."""
    text = words_of(style)
    top, bottom, light = next(
        (row[1:] for row in MOODS if any(has(text, word) for word in row[0].split())),
        next((TAG_MOODS[tag] for tag in style.tags if tag in TAG_MOODS), ("7a7f8c", "d9d6d0", "ffffff")),
    )
    found = [rgb(COLORS[word]) for word in re.findall(r"[a-z]+(?:-[a-z]+)*", _cloth_words(style)) if word in COLORS]
    seed = crc32(style.key.encode())
    own = _turned(seed)
    cloth = found[0] if found else mix(own, rgb(bottom), 0.25)
    accent = found[1] if len(found) > 1 else mix(own, rgb(light), 0.12)
    wander = _turned(seed // 7)
    return Palette(
        mix(rgb(top), wander, 0.12), mix(rgb(bottom), wander, 0.07), rgb(light), mix(cloth, rgb(bottom), 0.08), accent
    )


def _cloth_words(style: Style) -> str:
    return _NO_CLOTH.sub(" ", style.prompt.casefold())


def _turned(seed: int) -> Color:
    """A full colour of chance."""
    wheel = ("c0563f", "d08a3a", "b8a24a", "6f9a55", "3f8f82", "3f7fae", "4d5fb0", "7d56a8", "a84f86", "b5495f")
    first, second = wheel[seed % len(wheel)], wheel[(seed // 10 + 1) % len(wheel)]
    return mix(rgb(first), rgb(second), (seed // 100 % 10) / 20)
