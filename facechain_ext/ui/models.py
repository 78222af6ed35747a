"""The Models page: what is there, what is missing, downloads, and the doctor's report."""

from __future__ import annotations

import html
from collections.abc import Iterator  # noqa: TC003 - gradio reads the annotations
from typing import TYPE_CHECKING, Any

import gradio as gr

from facechain_ext import doctor, retouch
from facechain_ext.errors import FaceChainError
from facechain_ext.retouch.sandbox import consent
from facechain_ext.ui import downloading
from facechain_ext.ui.background_task import Stop, Task
from facechain_ext.ui.gradio_versions import LabelledChoices
from facechain_ext.ui.html import bar, note, table
from facechain_ext.weights import find, models_folder
from facechain_ext.weights.manifest import GROUPS, format_megabytes, manifest
from facechain_ext.weights.store import verify
from facechain_ext.weights.transfer import PullCancelledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from facechain_ext.ui.host import PageHost
    from facechain_ext.weights.manifest import Entry

NEEDED = "portrait"
"""The group of the manifest without which there is no portrait."""


def build(host: PageHost) -> None:
    """Downloads, the tables of files, checks, providers, doctor; what is needed stands above all pages."""
    del host
    gr.HTML(note(f"Files belong into {models_folder()}. Nothing is downloaded before you press a button."))
    with gr.Row(elem_id="facechain_models_get"):
        files = gr.Dropdown(
            _missing(), multiselect=True, value=[], label="Files", scale=4, min_width=260,
            info="What a file is for stands in the tables below; several may be chosen.",
            elem_id="facechain_models_files",
        )  # fmt: skip
        start = gr.Button("Download", variant="primary", scale=1, min_width=120, elem_id="facechain_models_download")
        stop = gr.Button("Stop downloads", scale=1, min_width=120, elem_id="facechain_models_stop")
    status = gr.HTML("", elem_id="facechain_models_status")
    with gr.Row():
        check = gr.Button("Verify", scale=1, min_width=120, elem_id="facechain_models_verify")
        halt = gr.Button("Stop verifying", scale=1, min_width=120, elem_id="facechain_models_verify_stop")
        refresh = gr.Button("Refresh", scale=1, min_width=120, elem_id="facechain_models_refresh")
    checked = gr.HTML("", elem_id="facechain_models_verified")
    listing = gr.HTML(files_html(), elem_id="facechain_models_table")
    with gr.Accordion("What can find, mask, judge and fuse faces here", open=False):
        look = gr.Button("Look", elem_id="facechain_models_providers")
        providers = gr.HTML("", elem_id="facechain_models_providers_table")
    _repositories()
    with gr.Accordion("Doctor", open=False):
        examine = gr.Button("Examine", elem_id="facechain_models_doctor")
        report = gr.Textbox("", label="Report", lines=12, show_copy_button=True, elem_id="facechain_models_report")
    halted = gr.State(Stop())

    def fetch(labels: list[str] | None) -> Iterator[list[Any]]:
        keys = _files().values_of(labels)
        if not keys:
            yield [note("Choose one or more files first."), gr.update(), gr.update()]
            return
        for progress in downloading.fetched(keys):
            yield [progress, gr.update(), gr.update()]
        left = [label for label in labels or () if label in _missing()]
        yield [downloading.progress_html(keys), gr.update(choices=_missing(), value=left), files_html()]

    quiet = {"show_progress": "hidden"}
    start.click(fetch, [files], [status, files, listing], **quiet)
    stop.click(downloading.stop, [], [status], queue=False)
    check.click(compared, [halted], [checked], **quiet)
    halt.click(Stop.set, [halted], [], queue=False)
    refresh.click(lambda: [gr.update(choices=_missing()), files_html()], [], [files, listing], **quiet)
    look.click(lambda: _said(providers_table), [], [providers])
    examine.click(lambda: doctor.as_text(doctor.examine()), [], [report])


def compared(stop: Stop) -> Iterator[str]:
    """Hash every file that is there, with a bar; gives what was found, or why it could not be."""
    stop.clear()
    work = Task(lambda report: verify(report=report), stop)
    for tick in work.ticks():
        words = f"{tick.done / 1e6:.0f} MB of {tick.total / 1e6:.0f} MB read" if tick.total else "Looking for files …"
        yield bar(tick.done, tick.total, "Stopping …" if stop.is_set() else words)
    try:
        findings = work.result()
    except PullCancelledError as error:
        yield note(str(error))
    except FaceChainError as error:
        yield downloading.failure(str(error))
    except OSError as error:
        yield downloading.failure(f"A file cannot be read: {error}. Check the models folder {models_folder()}.")
    else:
        yield note(*(str(one) for one in findings)) if findings else note("There are no files to verify yet.")


def _said(make: Callable[[], str]) -> str:
    """What ``make`` gives, or why it does not."""
    try:
        return make()
    except FaceChainError as error:
        return downloading.failure(str(error))


def _repositories() -> None:
    """Consent to networks that come as Python."""
    with gr.Accordion("Networks that bring their own Python", open=False):
        gr.HTML(
            note(
                "These run code of their repository, in a process of their own. It could do anything that you can do, "
                "so nothing of it runs before you agree, and a changed file asks again."
            )
        )
        told = gr.HTML(repositories_table(), elem_id="facechain_models_repositories")
        which = gr.Dropdown(
            list(consent.code_keys()), label="Repository", value=None, elem_id="facechain_models_repository"
        )
        words = gr.HTML("", elem_id="facechain_models_consent_status")
        with gr.Row():
            agree = gr.Button("I have read its Python and agree", min_width=200, elem_id="facechain_models_consent")
            stop = gr.Button("Withdraw", min_width=120, elem_id="facechain_models_withdraw")

    def act(key: str | None, work: Callable[[str], object], done: str) -> list[str]:
        if not key:
            return [downloading.failure("Choose a repository above first."), repositories_table()]
        try:
            work(key)
        except FaceChainError as error:
            return [downloading.failure(str(error)), repositories_table()]
        return [note(done), repositories_table()]

    agree.click(lambda key: act(key, consent.give, "Agreed."), [which], [words, told])
    stop.click(lambda key: act(key, consent.withdraw, "It runs no more."), [which], [words, told])


def repositories_table() -> str:
    """Which repositories bring Python, from where, and whether it may run."""
    return table(
        ("Model", "From", "Consent"),
        ((key, str(manifest()[key].sources[0]), consent.state(key)) for key in consent.code_keys()),
    )


def files_html() -> str:
    """Every file of the manifest in two parts, needed and optional, by what it does."""
    needed = [one for one in manifest().values() if one.group == NEEDED]
    parts = ["<h3>Needed for a portrait</h3>", note(_NEEDED_WORDS), _group_table(needed), "<h3>Optional</h3>"]
    for group, title in GROUPS.items():
        entries = [one for one in manifest().values() if one.group == group and group != NEEDED]
        if entries:
            parts += [f"<h4>{html.escape(title)}</h4>", _group_table(entries)]
    return "".join(parts)


_NEEDED_WORDS = (
    "The face encoder, one of the two adapters, and the two networks that find and cut out the face. What is missing "
    "of them stands above, with one button for all."
)


def _group_table(entries: Iterable[Entry]) -> str:
    """Files with what they are for, their terms, about their size, and whether they are here."""
    lines = []
    for one in entries:
        here = find(one.key) is not None
        terms = f"{one.licence}; commercial use: {one.commercial}"
        lines.append(
            f"<tr><td><b>{html.escape(one.title)}</b><br>{html.escape(one.purpose)}</td><td>{html.escape(terms)}</td>"
            f"<td class='facechain-short'>{format_megabytes(one.megabytes)}</td>"
            f"<td class='facechain-short'>{'here' if here else 'missing'}</td></tr>"
        )
    head = "<tr><th>File</th><th>Licence</th><th>Size</th><th>State</th></tr>"
    return f"<table class='facechain-table facechain-files'>{head}{''.join(lines)}</table>"


def providers_table() -> str:
    """Every provider of every ability, ready or what would make it so."""
    rows = [
        (one.ability, one.name, "ready" if one.ready else "not ready", one.detail, one.remedy)
        for one in retouch.availability()
    ]
    return table(("Ability", "Provider", "State", "What it is", "What would change it"), rows)


def _files() -> LabelledChoices:
    """Every file of the manifest by its title."""
    return LabelledChoices(tuple((one.title, key) for key, one in manifest().items()))


def _missing() -> list[str]:
    """Titles of the files that are not here."""
    return _files().labels(key for key in manifest() if find(key) is None)
