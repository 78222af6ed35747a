"""The one table of a face's settings: it feeds interface, API, command line, infotext and defaults."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import InputError
from facechain_ext.methods.named_files import AUTOMATIC
from facechain_ext.methods.registry import method_settings, read_method_name, written_method_name
from facechain_ext.methods.setting import Setting, find_setting
from facechain_ext.recipes.portrait_settings import EFFECT_SETTINGS, PORTRAIT_DEFAULTS, PREFIX
from facechain_ext.recipes.regions import RegionPrompt, format_region_prompts, parse_box, parse_region_prompts, read_box
from facechain_ext.text_values import format_number, shorten

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from facechain_ext.methods.protocol import Method

OFF_LABEL = PREFIX
"""The infotext label that says why a face that was asked for is not in the picture."""
IDENTITY_LABEL = f"{PREFIX} identity"
"""The infotext label of who is in the picture: name and short hash."""
RECIPE_LABEL = f"{PREFIX} recipe"
"""The infotext label of what made the picture: portrait or template."""
CARD_LABEL = f"{PREFIX} card"
"""The infotext label of the first person's card where the identity's name does not say it: in a mix."""
LARGEST = 0
"""The number of the face that means: the largest."""


def _photos(value: object) -> tuple[object, ...]:
    if not isinstance(value, (list, tuple)):
        raise InputError(f"FaceChain: photos is a list of pictures, not {shorten(value)}.")
    return tuple(value)


def _box(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(format_number(side) for side in read_box(value)) if value else ""
    if not isinstance(value, str):
        raise InputError(f"FaceChain: box is a text, not {shorten(value)}.")
    parse_box(value)
    return value


_PERSON = (
    Setting("enabled", "Enable", None, default=True, help="Put the person of the photos into the picture."),
    Setting("photos", "Photos", None, (), "Photos of one person, the face seen from the front.", reader=_photos),
    Setting("card", "Card", None, "", "A saved identity, instead of photos."),
    Setting(
        "face", "Face number", f"{PREFIX} face", LARGEST,
        "Which face of the photo, counted from the left; 0 takes the largest.", 0, 50, 1, optional=True,
    ),
    Setting(
        "method", "Method", f"{PREFIX} method", AUTOMATIC,
        "How the person is put in: FACT in SD1.5, PhotoMaker in SDXL; auto takes the one that fits the checkpoint.",
        optional=True, reader=read_method_name, writer=written_method_name,
    ),
)  # fmt: skip
_PEOPLE = (
    Setting(
        "box", "Box of this person", f"{PREFIX} box", "",
        "Left, top, right, bottom in fractions of the picture; only with more people. Empty: a column.",
        optional=True, reader=_box,
    ),
    Setting(
        "people", "More people", f"{PREFIX} people", (),
        "A line for each: a card's name, then its strength and its box if they have one, as in Anna *0.8: 0.5, 0, 1, 1",
        optional=True, reader=parse_region_prompts, writer=format_region_prompts,
    ),
    Setting(
        "mix_with", "Mix with", f"{PREFIX} mix with", "",
        "A second card; the face lies between the person of the photos or of the card and this one.", optional=True,
    ),
    Setting(
        "mix_share", "Share, %", f"{PREFIX} mix share", 0.0,
        "How much the second card takes over; 0 leaves it out.", 0.0, 100.0, 1.0, optional=True,
    ),
    Setting(
        "repair_faces", "Repair faces", f"{PREFIX} repair faces", default=False, optional=True,
        help="Paint each person's face anew, at a resolution of its own, when the picture is finished.",
    ),
    Setting(
        "strict", "Strict", None, default=False, on_page=False,
        help="Answer a request that cannot be done as asked with 422 and the reasons, instead of a picture without.",
    ),
)  # fmt: skip


def settings_table() -> tuple[Setting, ...]:
    """Every setting, in the order of the interface: the person, the methods' own, their effect, more people."""
    return (*_PERSON, *method_settings(), *EFFECT_SETTINGS, *_PEOPLE)


def argument(name: str) -> Setting:
    """The setting called ``name``."""
    return find_setting(settings_table(), name)


def own_settings() -> tuple[Setting, ...]:
    """The methods' settings that are no field of FaceArguments; its ``method_settings`` holds their values."""
    named = {one.name for one in fields(FaceArguments)}
    return tuple(row for row in method_settings() if row.name not in named)


def parse_method_settings(texts: Sequence[str]) -> dict[str, object]:
    """Values of ``own_settings`` by name from texts NAME=VALUE, as the command line gives them.

    Raises InputError for an unknown name, a name given twice, and a value that its setting refuses.
    """
    rows = {row.name: row for row in own_settings()}
    values: dict[str, object] = {}
    for text in texts:
        name, separator, value = (part.strip() for part in text.partition("="))
        if not separator or name not in rows:
            known = f"it knows {', '.join(rows)}" if rows else "the methods here have none without an option"
            raise InputError(f"FaceChain knows no setting {shorten(name)} to give as NAME=VALUE; {known}.")
        if name in values:
            raise InputError(f"FaceChain: {name} is given twice.")
        try:
            values[name] = rows[name].read(rows[name].from_infotext(value))
        except ValueError as error:
            raise InputError(f"FaceChain: {name} cannot be {shorten(value)}.") from error
    return values


@dataclass(frozen=True)
class FaceArguments:
    """The settings of one run; the fields are those of the table.

    ``photos`` are pictures as text in base64 (from the API) or as the interface holds them. ``method_settings`` are the
    values of those settings of methods that have no field here, by name; those that it lacks have their defaults.
    """

    enabled: bool = True
    photos: tuple[object, ...] = field(default=(), repr=False)
    card: str = ""
    face: int = LARGEST
    method: str = AUTOMATIC
    adapter: str = AUTOMATIC
    strength: float = PORTRAIT_DEFAULTS["strength"]
    window: tuple[float, float] = PORTRAIT_DEFAULTS["window"]
    hires: bool = PORTRAIT_DEFAULTS["hires"]
    box: str = ""
    people: tuple[RegionPrompt, ...] = ()
    mix_with: str = ""
    mix_share: float = 0.0
    repair_faces: bool = False
    strict: bool = False
    method_settings: Mapping[str, object] = field(default_factory=dict)

    @staticmethod
    def parse(values: Mapping[str, object]) -> FaceArguments:
        """Read settings as the API gives them; what is not named has the table's default.

        Raises InputError that names a setting that is unknown, of the wrong kind or outside its range.
        """
        known = {row.name: row for row in settings_table()}
        stranger = next((name for name in values if name not in known), None)
        if stranger is not None:
            raise InputError(f"FaceChain knows no setting {shorten(stranger)}; it knows {', '.join(sorted(known))}.")
        read = {name: known[name].read(value) for name, value in values.items() if value is not None}
        own = {row.name: read.pop(row.name) for row in own_settings() if row.name in read}
        own = {name: value for name, value in own.items() if value != known[name].default}
        return FaceArguments(**read, method_settings=own)

    @staticmethod
    def of(method_settings: Mapping[str, object], **values: Any) -> FaceArguments:
        """Settings by field, and those of a method by name, all in their own kinds."""
        return FaceArguments(**values).with_method_settings(method_settings)

    def value(self, name: str) -> Any:
        """The value of the setting called ``name``."""
        if name in {one.name for one in fields(self)}:
            return getattr(self, name)
        return self.method_settings.get(name, argument(name).default)

    def of_method(self, method: Method) -> dict[str, object]:
        """The values of a method's own settings, by name."""
        return {row.name: self.value(row.name) for row in method.settings}

    def with_method_settings(self, values: Mapping[str, object]) -> FaceArguments:
        """The same with other values of a method's own settings."""
        own = {row.name for row in own_settings()}
        named: dict[str, Any] = {name: value for name, value in values.items() if name not in own}
        others = {name: value for name, value in values.items() if name in own}
        return replace(self, **named, method_settings={**self.method_settings, **others})

    @property
    def mixes(self) -> bool:
        """Whether a second card has a share in the face."""
        return bool(self.mix_with) and self.mix_share > 0

    def infotext(self, used: Collection[str] | None = None) -> dict[str, str | float | int | bool]:
        """Label -> value of every setting that is written into a picture.

        ``used`` are the names of the acting method's own settings: those of other methods are left out; None: of none.
        With "method" among them the method is written even where it is the first of all.
        """
        unused = set() if self.mixes else {"mix_with", "mix_share"}
        if used is not None:
            unused |= {row.name for row in method_settings()} - set(used)
        written: dict[str, str | float | int | bool] = {CARD_LABEL: self.card} if self.mixes and self.card else {}
        for row in settings_table():
            if row.infotext is None or row.name in unused:
                continue
            named = row.name == "method" and used is not None and "method" in used
            value = self.method if named else row.to_infotext(self.value(row.name))
            if value or not row.optional:
                written[row.infotext] = value
        return written

    @staticmethod
    def from_infotext(written: Mapping[str, object]) -> dict[str, object]:
        """The settings, as ``parse`` takes them, that a picture's infotext holds; those it lacks are left out.

        Raises ValueError for a text that is no value of its setting's kind.
        """
        return {
            row.name: row.from_infotext(str(written[row.infotext]).strip())
            for row in settings_table()
            if row.infotext is not None and row.infotext in written
        }
