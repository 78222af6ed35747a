"""From a style's prompt to its picture: the choice of backdrop, motifs, air and medium."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from research.style_pictures import air, city, figure, land, machines, media, rooms, stages, woods
from research.style_pictures.canvas import Canvas
from research.style_pictures.palette import has, palette_of, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from facechain_ext.styles import Style
    from research.style_pictures.palette import Palette

    RenderedPicture = Callable[[Canvas, Palette], None]

SIDE = 192
"""Side of a finished picture in pixels; a tile shows it at about half that."""
_DRAWN = 2 * SIDE
_MOST_MOTIFS = 2
_MOST_AIR = 2

SKY: tuple[tuple[str, RenderedPicture], ...] = (
    ("aurora", air.aurora),
    ("nebula", air.nebula),
    ("star starlit space star-field stars", air.stars),
    ("moon crescent moonlight", air.moon),
    ("rainbow", air.rainbow),
    ("sunset sunrise golden-hour low-sun last-sun late-sun evening-light low-afternoon sunswell", air.sun),
    ("clouds cloud huge-sky fast-clouds cumulus", land.clouds),
)
MOTIFS: tuple[tuple[str, RenderedPicture], ...] = (
    ("coral-garden", land.seabed),
    ("caustic caustics", land.seabed),
    ("porthole", machines.porthole),
    ("moon-behind rust-red nebula", city.planet),
    ("consoles", machines.consoles),
    ("spacecraft", machines.panels),
    ("neon-signs neon-alley tubes holographic", city.neon),
    ("seams fibre-optic scan exoskeleton", machines.circuits),
    ("gears", machines.gears),
    ("megacity", city.skyline),
    ("glass-towers", city.skyline),
    ("motorbike", city.lights_passing),
    ("aircraft", city.aircraft),
    ("stands floodlit", city.stadium),
    ("rigging rail prow fishing-boats harbour", city.ship),
    ("balloons", city.balloons),
    ("kite", city.kite),
    ("castle carousel", city.castle),
    ("garlands", stages.drapes),
    ("prayer-flags", city.flags),
    ("lanterns lantern rabbit-shaped", stages.lanterns),
    ("candle candlelit candles candle-side", stages.candles),
    ("fir decorated", stages.balcony_tree),
    ("glassware", rooms.flasks),
    ("vials bottles", rooms.bottles),
    ("shelves library books picture-book", rooms.books),
    ("canvases", rooms.easels),
    ("copper-pans espresso", rooms.pans),
    ("violin sheet-music baton", stages.staves),
    ("orchestra audience", stages.racks),
    ("leather-bags", stages.ropes),
    ("brick tagged", rooms.bricks),
    ("zellige", rooms.tiles),
    ("screen-behind lattice carved-rosewood", rooms.lattice),
    ("curtain theatre drapes", stages.curtain),
    ("spotlight backlight footlights top-light golden-pool stage", stages.spotlight),
    ("shrine", city.gate),
    ("temple-yard desert-temple palace-wall painted-palace", city.temple),
    ("gate", city.gate),
    ("palace columns vaulted nave cloister throne hall courtyard arcade staircase", city.columns),
    ("standing-stones", woods.stones),
    ("bamboo", woods.bamboo),
    ("plum-branch", woods.plum),
    ("cherry blossom blossoms apple-tree bloom peonies", woods.blossom),
    ("maple persimmon", woods.maple),
    ("poplars", woods.poplars),
    ("bare-branches reeds crooked-trees", woods.bare),
    ("lavender", land.lavender),
    ("sunflowers", land.sunflowers),
    ("wheat prairie corral", land.fields),
    ("vines terraced terraces", land.vines),
    ("canyon", land.mesas),
    ("dunes dune desert salt-flat", land.dunes),
    ("palms", woods.palms),
    ("ferns rainforest", woods.ferns),
    ("pines pine frosted", woods.conifers),
    ("forest grove oaks trunks woodland old-growth", woods.trunks),
    ("lake", land.lake),
    ("breakers spray stormy swell stylised-waves", land.waves),
    ("sea surf ocean water canal river loch fjord glittering", land.sea),
    ("peaks ridge mountains mountain karst plateau valley fjord ski snow-covered", land.mountains),
    ("pastures church", city.village),
    ("hill hills hillside steppe moor meadow grass fields llamas", land.hills),
    ("garden dahlias roses poppies wild-flowers lily peonies bougainvillea flowers", land.flowers),
    ("facades crossing avenue shop-windows alley street-lamps tram school", city.facades),
    ("old-town square village", city.old_town),
    ("rooftop city city-lights skyline lobby bridge", city.skyline),
    ("window glasshouse greenhouse skylight workshop ward kitchen corridor", rooms.window),
    ("blind", stages.bars),
    ("mosaic", air.haloed),
    ("coloured-glass foil", air.prisms),
    ("café counter bar mahogany", rooms.bottles),
)
AIR: tuple[tuple[str, RenderedPicture], ...] = (
    ("snow flakes powder frosted", air.snow),
    ("rain drizzle rainy-night", air.rain),
    ("petals blossom cherry", air.petals),
    ("falling-leaves leaves-falling maple autumn", air.leaves),
    ("drifting-leaves paper-leaves leaf-edged", air.green_leaves),
    ("feathers", air.feathers),
    ("confetti festival", air.confetti),
    ("embers sparks fire campfire", air.sparks),
    ("fireflies pollen seeds dust sparkling", air.seeds),
    ("steam smoke", air.steam),
    ("mirror-ball", air.mirror_specks),
    ("fairy-lights string", air.string_lights),
    ("bokeh camera-flashes highlights bulbs lamps oval-highlights", air.bokeh),
    ("ripples scales beneath ray", air.bubbles),
    ("mist fog haze misty hazy", air.mist),
    ("orb", air.glow),
    ("rays shafts sunbeams sunbeam sun-filtering beam streaming", air.beams),
)
MEDIA: tuple[tuple[str, RenderedPicture], ...] = (
    ("tintype wet-plate", media.sepia),
    ("black-and-white silver-grey film-noir", media.black_and_white),
    ("charcoal-drawing", media.charcoal),
    ("halftone", media.halftone),
    ("graphic-novel", media.ink_panel),
    ("woodblock", media.woodblock),
    ("watercolour", media.watercolor),
    ("ink-washes ink-wash", media.ink_wash),
    ("pastel-chalk", media.pastel),
    ("leaded", media.stained_glass),
    ("cut-paper", media.layered),
    ("cel-shading", media.comic),
    ("scan-lines", media.scan_lines),
    ("clay", media.rounded),
    ("painterly oil-portrait impressionist strokes oils panel-painting gouache cave-paintings", media.oil),
    ("instant-photo", media.white_frame),
    ("wide-screen", media.letterbox),
    ("faded print light-leak", media.faded),
    ("grain halation film", media.grain),
)


def layers(style: Style) -> dict[str, list[RenderedPicture]]:
    """What the words of a style ask for: ``sky``, ``motifs``, ``air`` and ``medium``, in the order of drawing."""
    text = words_of(style)
    motifs = _found(text, MOTIFS, _MOST_MOTIFS)
    sky = _found(text, SKY, 2) if not set(motifs) & set(_INDOORS) else []
    return {
        "sky": sky,
        "motifs": list(reversed(motifs)) or ([] if sky else [rooms.studio]),
        "air": _found(text, AIR, _MOST_AIR),
        "medium": _found(text, MEDIA, 1),
    }


_INDOORS = (
    rooms.books,
    rooms.bottles,
    rooms.window,
    rooms.lattice,
    stages.curtain,
    rooms.tiles,
    rooms.bricks,
    machines.gears,
)


def paint(style: Style) -> Image.Image:
    """The picture of a style, SIDE pixels square; the same for the same words and key on every machine."""
    canvas = Canvas(_DRAWN, crc32(style.key.encode()))
    palette, text, parts = palette_of(style), words_of(style), layers(style)
    canvas.gradient(palette.top, palette.bottom)
    for draw in (*parts["sky"], *parts["motifs"]):
        draw(canvas, palette)
    canvas.rgb = canvas.rgb * 0.9 + canvas.soft(canvas.rgb, 0.006) * 0.1
    floating = parts["air"]
    for draw in floating[:1]:
        draw(canvas, palette)
    person = figure.place(canvas, style)
    figure.draw(canvas, style, text, palette, person)
    for draw in floating[1:] or floating[:1]:
        draw(canvas, palette)
    canvas.vignette(0.22)
    media.vivid(canvas)
    for draw in parts["medium"]:
        draw(canvas, palette)
    return canvas.image(SIDE)


def _found(text: str, table: tuple[tuple[str, RenderedPicture], ...], most: int) -> list[RenderedPicture]:
    found = [draw for words, draw in table if any(has(text, word) for word in words.split())]
    return list(dict.fromkeys(found))[:most]
