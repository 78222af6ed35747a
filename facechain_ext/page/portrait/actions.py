"""What happens when something on the Portrait page is pressed."""

from __future__ import annotations

import html
import logging
from collections.abc import Iterator  # noqa: TC003 - gradio reads the annotations
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext.errors import FaceChainError
from facechain_ext.identity.library import CardLibrary
from facechain_ext.page import presets
from facechain_ext.page.form import NAMES, form_of, restored
from facechain_ext.page.portrait import result
from facechain_ext.page.portrait.result import Shown  # noqa: TC001 - gradio reads the annotations
from facechain_ext.page.portrait.who import MOST_PHOTOS, Who, note, save_card, seen
from facechain_ext.page.working import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from facechain_ext.page.portrait.parts import Parts

log = logging.getLogger(__name__)


def wire_who(parts: Parts) -> None:
    """Preview, cards, consent."""
    host, who = parts.host, parts.who

    def look(*values: Any) -> list[Any]:
        count = len(values[0] or ())
        sliders = [gr.update(visible=count > 1 and number < count) for number in range(MOST_PHOTOS)]
        if not values[0] and not values[2]:
            return [[], "", *sliders]
        try:
            pictures, words = seen(host, Who.of(host, values))
        except FaceChainError as error:
            pictures, words = [], note(str(error))
        return [pictures, words, *sliders]

    outputs = [who["seen"], who["notes"], *who["weights"]]
    for name in ("photos", "card"):
        who[name].change(look, parts.person, outputs)
    for changed in (who["face"], who["mix"], *who["weights"]):
        changed.release(look, parts.person, outputs)

    def keep(name: str, agreed: bool, *values: Any) -> list[Any]:  # noqa: FBT001 - gradio's way
        try:
            words = save_card(host, Who.of(host, values), name, agreed=agreed)
        except FaceChainError as error:
            return [gr.update(), gr.update(), note(str(error))]
        cards = ["", *CardLibrary().names()]
        return [gr.update(choices=cards, value=name.strip()), gr.update(choices=cards), note(words)]

    def refresh(card: str, second: str) -> list[Any]:
        cards = ["", *CardLibrary().names()]
        return [gr.update(choices=cards, value=value if value in cards else "") for value in (card, second)]

    cards = [who["card"], who["second"]]
    who["save"].click(keep, [who["name"], who["agreed"], *parts.person], [*cards, who["notes"]])
    who["refresh"].click(refresh, cards, cards)


def wire_result(parts: Parts, generate: Any, interrupt: Any, grid: Any, grid_styles: Any, restore: Any) -> None:
    """Generate, grid, interrupt, choose a picture, before and after, restore."""
    host = parts.host
    split = len(parts.person)

    def run(*values: Any) -> Iterator[list[Any]]:
        yield from _working(
            host,
            lambda report: result.generate(
                host, Who.of(host, values[:split]), values[split], form_of(values[split + 1 :]), report
            ),
        )

    def run_grid(styles: list[str], *values: Any) -> Iterator[list[Any]]:
        yield from _working(
            host,
            lambda report: result.grid(
                host, Who.of(host, values[:split]), values[split], form_of(values[split + 1 :]), styles or [], report
            ),
        )

    inputs = [*parts.person, parts.pose, *parts.form]
    outputs = [parts.status, parts.preview, parts.results, parts.infotext, parts.shown]
    generate.click(run, inputs, outputs)
    grid.click(run_grid, [grid_styles, *inputs], outputs)
    interrupt.click(host.interrupt, [], [], queue=False)

    def choose(shown: Shown | None, event: gr.SelectData) -> str:
        return shown.infotext(int(event.index)) if shown is not None else ""

    def flip(shown: Shown | None, before: bool) -> Any:  # noqa: FBT001 - gradio's way
        return shown.gallery(before=before) if shown is not None else []

    def back(text: str) -> list[Any]:
        try:
            form = restored(text or "")
        except FaceChainError as error:
            return [note(str(error)), *_unchanged()]
        if form is None:
            return [
                note("This text has no settings of the FaceChain page; paste a picture's whole text."),
                *_unchanged(),
            ]
        return [note("Restored. The photo or card has to be chosen again."), *(form[name] for name in NAMES)]

    parts.results.select(choose, [parts.shown], [parts.infotext])
    parts.before.change(flip, [parts.shown, parts.before], [parts.results])
    restore.click(back, [parts.infotext], [parts.status, *parts.form])


def wire_presets(parts: Parts, preset: Any, save: Any, load: Any, delete: Any) -> None:
    """Save, load, delete."""

    def keep(name: str, *values: Any) -> list[Any]:
        return _told(lambda: presets.save(name or "", form_of(values)), f"Saved the preset {name}.")

    def remove(name: str) -> list[Any]:
        return _told(lambda: presets.delete(name or ""), f"Deleted the preset {name}.")

    def bring(name: str) -> list[Any]:
        try:
            form = presets.load(name or "")
        except FaceChainError as error:
            return [note(str(error)), *_unchanged()]
        return [note(f"Loaded the preset {name}."), *(form[key] for key in NAMES)]

    save.click(keep, [preset, *parts.form], [parts.status, preset])
    delete.click(remove, [preset], [parts.status, preset])
    load.click(bring, [preset], [parts.status, *parts.form])


def _working(host: Any, task: Callable[[Callable[[int, int], bool]], Shown]) -> Iterator[list[Any]]:
    """The result column while ``task`` works, and when it has ended."""
    work: Work[Shown] = Work(task)
    for tick in work.ticks():
        picture = host.preview()
        yield [
            _bar(tick.done, tick.total, tick.words),
            gr.update(value=picture, visible=True) if picture is not None else gr.update(),
            *[gr.update()] * 3,
        ]
    hidden = gr.update(value=None, visible=False)
    try:
        shown = work.result()
    except FaceChainError as error:
        yield [note(str(error)), hidden, *[gr.update()] * 3]
        return
    except Exception as error:
        log.exception("the page could not make the pictures")
        yield [note(f"This went wrong: {error}. The log has the details."), hidden, *[gr.update()] * 3]
        return
    words = note(*shown.notes) if shown.notes else note("Done.")
    yield [words, hidden, shown.gallery(), shown.infotext(1 if shown.sheet else 0), shown]


def _told(act: Callable[[], None], words: str) -> list[Any]:
    try:
        act()
    except FaceChainError as error:
        return [note(str(error)), gr.update()]
    return [note(words), gr.update(choices=presets.names())]


def _unchanged() -> list[Any]:
    return [gr.update()] * len(NAMES)


def _bar(done: int, total: int, words: str) -> str:
    share = 100 * done / total if total else 0
    return (
        "<div class='facechain-progress' role='progressbar'>"
        f"<div style='width:{share:.0f}%'></div><span>{html.escape(words)}</span></div>"
    )
