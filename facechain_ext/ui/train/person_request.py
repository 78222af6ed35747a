"""The training of a person or a thing as the page asks for it, and what is saved of that between its runs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from facechain_ext.errors import HostError, InputError, PhotoError
from facechain_ext.identity.library import CardLibrary
from facechain_ext.storage.atomic_write import atomic_write
from facechain_ext.styles import key_of
from facechain_ext.training_runs.pictures import read_table
from facechain_ext.training_runs.presets import PRESETS
from facechain_ext.ui.train.labels import NOBODY, resume_label
from facechain_ext.ui.train.request import SETTINGS, saved_state, trainings_folder

if TYPE_CHECKING:
    from pathlib import Path

PERSON = "person.json"
"""The saved request; a folder with it is no style's."""
TRIGGER = "ohwx"
"""A word that means nothing to CLIP, as the command has it."""


@dataclass(frozen=True)
class PersonForm:
    """What the page's form holds; ``checkpoint_name`` is the name in the page's list.

    ``steps``, ``rank`` and ``batch`` 0 are the preset's; ``half`` computes in bfloat16, ``checkpointing`` and
    ``reward`` are those of LoraSettings.
    """

    name: str
    person: bool = True
    class_word: str = "person"
    preset: str = PRESETS[0]
    background: str = "keep"
    retouch: bool = False
    steps: int = 0
    size: int = 0
    validate: bool = True
    checkpoint_name: str = ""
    views: bool = True
    drawn: bool = False
    describer: str = NOBODY
    rank: int = 0
    batch: int = 0
    half: bool = False
    checkpointing: bool = False
    reward: float = 0.0

    @property
    def folder(self) -> Path:
        """The folder of this training; raises PhotoError without a name."""
        if not self.name.strip():
            raise PhotoError("Give the person a name." if self.person else "Give the thing a name.")
        return trainings_folder() / key_of(self.name.strip())

    @property
    def photos(self) -> Path:
        """The folder of the photos as they were added."""
        return self.folder / "photos"

    @property
    def pictures(self) -> Path:
        """The folder of the prepared squares and their table."""
        return self.folder / "pictures"


def is_person(folder: Path) -> bool:
    """Whether a training's folder is of a person or a thing."""
    return (folder / PERSON).is_file()


def save_form(form: PersonForm) -> None:
    """Remember the form; raises InputError where a style has this name, HostError when it cannot be written."""
    if (form.folder / SETTINGS).is_file() and not is_person(form.folder):
        raise InputError("A style was trained under this name; choose another one.")
    try:
        with atomic_write(form.folder / PERSON) as part:
            part.write_text(json.dumps(asdict(form), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise HostError(f"{form.folder / PERSON} cannot be written ({error}); check the disk.") from error


def saved_form(name: str) -> PersonForm | None:
    """The form of an earlier training of this name; None where there is none that can be read."""
    try:
        raw = json.loads((PersonForm(name).folder / PERSON).read_text(encoding="utf-8"))
        return replace(PersonForm(**raw), name=name)
    except (OSError, ValueError, TypeError, PhotoError):
        return None


def check_form(form: PersonForm, *, resume: bool) -> None:
    """Raise PhotoError without photos, InputError when the training cannot be begun or gone on with as asked."""
    if not any(row.use for row in read_table(form.pictures)):
        raise PhotoError("Add photos first, and leave at least one in use.")
    if form.preset not in PRESETS:
        raise InputError(f"There is no preset {form.preset}; choose one of {', '.join(PRESETS)}.")
    state = saved_state(form.folder)
    if state is not None and not resume:
        raise InputError(
            f'This training was begun already; tick "{resume_label(person=form.person)}", or choose another name.'
        )
    if resume and state is None:
        raise InputError(f'There is nothing to go on with yet; take the tick off "{resume_label(person=form.person)}".')


def person_command(
    form: PersonForm, checkpoint: Path, python: Path, *, loras: Path, encoder: Path | None, resume: bool
) -> list[str]:
    """The command line of the training process."""
    kind = "person" if form.person else "thing"
    words = [str(python), "-m", "facechain_ext", "train", kind, str(form.photos), "--checkpoint", str(checkpoint)]
    words += ["--name", form.name.strip(), "--work", str(form.folder), "--lora-dir", str(loras)]
    words += ["--class-word", form.class_word.strip() or kind, "--trigger", TRIGGER, "--preset", form.preset]
    words += ["--size", str(form.size)] if form.size else []
    for option, value in (("--steps", form.steps), ("--rank", form.rank), ("--batch", form.batch)):
        words += [option, str(value)] if value else []
    words += ["--precision", "bf16"] if form.half else []
    words += ["--checkpointing"] if form.checkpointing else []
    if form.person:
        words += ["--as-prepared", "--card", str(CardLibrary().path(form.name.strip()))]
        words += ["--encoder", str(encoder)] if encoder is not None else []
        words += [] if form.validate else ["--no-validate"]
        words += ["--reward", f"{form.reward:g}"] if form.reward else []
    return [*words, "--resume"] if resume else words
