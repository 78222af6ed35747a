"""The Models page: files of the manifest, downloads, verification, consent to code, and the doctor's report."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import gradio as gr

from facechain_ext.errors import Cancelled, FaceChainError
from facechain_ext.lazy_names import late_module
from facechain_ext.ui.background_task import StopSignal, Task
from facechain_ext.ui.gradio_types import HIDDEN_PROGRESS, Component, HtmlStream, Updates, UpdateStream
from facechain_ext.ui.gradio_versions import LabelledChoices
from facechain_ext.ui.html import bar, note_html, table
from facechain_ext.ui.requirements_panel import stop_downloads
from facechain_ext.weights import find, models_folder
from facechain_ext.weights.manifest import GROUPS, format_megabytes, manifest
from facechain_ext.weights.store import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from facechain_ext import doctor
    from facechain_ext.retouch.sandbox import consent
    from facechain_ext.ui import downloading
    from facechain_ext.ui.host import PageHost
    from facechain_ext.weights.manifest import Entry
else:
    doctor = late_module("facechain_ext.doctor")
    consent = late_module("facechain_ext.retouch.sandbox.consent")
    downloading = late_module("facechain_ext.ui.downloading")

REQUIRED_GROUP = "portrait"
"""The manifest group that every portrait requires."""


def build(host: PageHost) -> None:
    """Build downloads, file tables, verification, providers and doctor; missing requirements stand above all tabs."""
    gr.HTML(note_html(f"Files belong into {models_folder()}. Nothing is downloaded before you press a button."))
    with gr.Row(elem_id="facechain_models_get"):
        files = gr.Dropdown(
            [], multiselect=True, value=[], label="Files", scale=4, min_width=260,
            info="What a file is for stands in the tables below; several may be chosen.",
            elem_id="facechain_models_files",
        )  # fmt: skip
        start = gr.Button("Download", variant="primary", scale=1, min_width=120, elem_id="facechain_models_download")
        stop = gr.Button("Stop downloads", scale=1, min_width=120, elem_id="facechain_models_stop")
    status = gr.HTML("", elem_id="facechain_models_status")
    with gr.Row():
        check = gr.Button("Verify", scale=1, min_width=120, elem_id="facechain_models_verify")
        stop_check = gr.Button("Stop verifying", scale=1, min_width=120, elem_id="facechain_models_verify_stop")
        refresh = gr.Button("Refresh", scale=1, min_width=120, elem_id="facechain_models_refresh")
    check_status = gr.HTML("", elem_id="facechain_models_verified")
    listing = gr.HTML("", elem_id="facechain_models_table")  # filled when the page is shown
    with gr.Accordion("What can find, mask, judge and fuse faces here", open=False):
        list_providers = gr.Button("Look", elem_id="facechain_models_providers")
        providers = gr.HTML("", elem_id="facechain_models_providers_table")
    repository, repositories = _build_consent_section()
    with gr.Accordion("Doctor", open=False):
        examine = gr.Button("Examine", elem_id="facechain_models_doctor")
        checks = gr.HTML("", elem_id="facechain_models_checks")
        report = gr.Textbox(
            "", label="The same as text, for a bug report", lines=3, max_lines=8, show_copy_button=True,
            elem_id="facechain_models_report",
        )  # fmt: skip
    check_stop = gr.State(StopSignal())

    def on_download(labels: list[str] | None) -> UpdateStream:
        keys = _files().values_of(labels)
        if not keys:
            yield [note_html("Choose one or more files first."), gr.update(), gr.update()]
            return
        for progress in downloading.download_files(keys):
            yield [progress, gr.update(), gr.update()]
        left = [label for label in labels or () if label in _missing()]
        yield [downloading.progress_html(keys), gr.update(choices=_missing(), value=left), files_html()]

    start.click(on_download, [files], [status, files, listing], **HIDDEN_PROGRESS)
    stop.click(stop_downloads, [], [status], queue=False)
    check.click(verify_files, [check_stop], [check_status], **HIDDEN_PROGRESS)
    stop_check.click(StopSignal.set, [check_stop], [], queue=False)
    refresh.click(_on_refresh, [], [files, listing, repository, repositories], **HIDDEN_PROGRESS)
    list_providers.click(lambda: _html_or_error(providers_table), [], [providers])
    examine.click(lambda: _examine(host), [], [checks, report])


def _on_refresh() -> Updates:
    """Everything that the page lists, which it does when it is first shown and not while a webui starts."""
    names = list(consent.keys_with_code())
    return [gr.update(choices=_missing()), files_html(), gr.update(choices=names), repositories_table()]


def _examine(host: PageHost) -> list[str]:
    """The doctor's findings as a table, which the page translates, and as text, which it leaves in English."""
    checks = doctor.examine([host.checks])
    return [checks_html(checks), doctor.as_text(checks)]


def checks_html(checks: Iterable[doctor.Check]) -> str:
    """A table of the doctor's checks: what prevents portraits first, then what is optional, then what is ready."""
    order = {"missing": 0, "optional": 1, "ready": 2}
    rows = sorted(checks, key=lambda check: order[check.state])
    return table(
        ("State", "Part", "Name", "What it is", "What it lacks"),
        ((check.state, check.area, check.name, check.detail, check.remedy) for check in rows),
    )


def verify_files(stop: StopSignal) -> HtmlStream:
    """Hash every present file, yielding a progress bar, then the findings or the error."""
    stop.clear()
    task = Task(lambda report: verify(report=report), stop)
    for progress in task.progress_updates():
        words = (
            f"{progress.done / 1e6:.0f} MB of {progress.total / 1e6:.0f} MB read"
            if progress.total
            else "Looking for files …"
        )
        yield bar(progress.done, progress.total, "Stopping …" if stop.is_set() else words)
    try:
        findings = task.result()
    except Cancelled as error:
        yield note_html(str(error))
    except FaceChainError as error:
        yield downloading.failure_html(str(error))
    except OSError as error:
        yield downloading.failure_html(f"A file cannot be read: {error}. Check the models folder {models_folder()}.")
    else:
        yield (
            note_html(*(str(entry) for entry in findings))
            if findings
            else note_html("There are no files to verify yet.")
        )


def _html_or_error(make: Callable[[], str]) -> str:
    """The HTML that ``make`` returns, or its error."""
    try:
        return make()
    except FaceChainError as error:
        return downloading.failure_html(str(error))


def _build_consent_section() -> tuple[Component, Component]:
    """Build the section for consent to networks that contain Python code; returns its choice and its table."""
    with gr.Accordion("Networks that bring their own Python", open=False):
        gr.HTML(
            note_html(
                "These run code of their repository, in a process of their own. It could do anything that you can do, "
                "so nothing of it runs before you agree, and a changed file asks again."
            )
        )
        consent_table = gr.HTML("", elem_id="facechain_models_repositories")
        repository = gr.Dropdown([], label="Repository", value=None, elem_id="facechain_models_repository")
        words = gr.HTML("", elem_id="facechain_models_consent_status")
        with gr.Row():
            agree = gr.Button("I have read its Python and agree", min_width=200, elem_id="facechain_models_consent")
            stop = gr.Button("Withdraw", min_width=120, elem_id="facechain_models_withdraw")

    def change_consent(key: str | None, change: Callable[[str], object], done: str) -> list[str]:
        if not key:
            return [downloading.failure_html("Choose a repository above first."), repositories_table()]
        try:
            change(key)
        except FaceChainError as error:
            return [downloading.failure_html(str(error)), repositories_table()]
        return [note_html(done), repositories_table()]

    agree.click(lambda key: change_consent(key, consent.give, "Agreed."), [repository], [words, consent_table])
    stop.click(
        lambda key: change_consent(key, consent.withdraw, "It runs no more."), [repository], [words, consent_table]
    )
    return repository, consent_table


def repositories_table() -> str:
    """The repositories with Python code, their source and whether the user has consented."""
    return table(
        ("Model", "From", "Consent"),
        ((key, str(manifest()[key].sources[0]), consent.state(key)) for key in consent.keys_with_code()),
    )


def files_html() -> str:
    """The files of the manifest: required ones, then optional ones by purpose."""
    needed = [entry for entry in manifest().values() if entry.group == REQUIRED_GROUP]
    parts = ["<h3>Needed for a portrait</h3>", note_html(_REQUIRED_NOTE), _group_table(needed), "<h3>Optional</h3>"]
    for group, title in GROUPS.items():
        entries = [entry for entry in manifest().values() if entry.group == group and group != REQUIRED_GROUP]
        if entries:
            parts += [f"<h4>{html.escape(title)}</h4>", _group_table(entries)]
    return "".join(parts)


_REQUIRED_NOTE = (
    "The face encoder, one of the two adapters, and the two networks that find and cut out the face. What is missing "
    "of them stands above, with one button for all."
)


def _group_table(entries: Iterable[Entry]) -> str:
    """A table of files with purpose, licence, approximate size and presence."""
    lines = []
    for entry in entries:
        installed = find(entry.key) is not None
        terms = f"{entry.licence}; commercial use: {entry.commercial}"
        lines.append(
            f"<tr><td><b>{html.escape(entry.title)}</b><br>{html.escape(entry.purpose)}</td><td>{html.escape(terms)}</td>"
            f"<td class='facechain-short'>{format_megabytes(entry.megabytes)}</td>"
            f"<td class='facechain-short'>{'here' if installed else 'missing'}</td></tr>"
        )
    head = "<tr><th>File</th><th>Licence</th><th>Size</th><th>State</th></tr>"
    return f"<table class='facechain-table facechain-files'>{head}{''.join(lines)}</table>"


def providers_table() -> str:
    """A table of all providers with their state and, if not ready, the remedy."""
    from facechain_ext import retouch

    rows = [
        (entry.ability, entry.name, "ready" if entry.ready else "not ready", entry.detail, entry.remedy)
        for entry in retouch.availability()
    ]
    return table(("Ability", "Provider", "State", "What it is", "What would change it"), rows)


def _files() -> LabelledChoices:
    """The files of the manifest by title."""
    return LabelledChoices(tuple((entry.title, key) for key, entry in manifest().items()))


def _missing() -> list[str]:
    """Titles of the missing files."""
    return _files().labels(key for key in manifest() if find(key) is None)
