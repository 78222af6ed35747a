"""A batch on Ray: actors of Ray Data, each with its models loaded once, that write their results themselves.

Results lie in a folder that all machines see. Whatever is lost is made again by another actor or by the same command;
Ray itself has to remember nothing.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facechain_ext.errors import HostError
from facechain_ext.jobs.items import Item
from facechain_ext.jobs.job_request import parse_job_request
from facechain_ext.jobs.results import ResultFolder
from facechain_ext.jobs.schedule import try_item
from facechain_ext.next_steps import next_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facechain_ext.jobs.results import Row
    from facechain_ext.jobs.schedule import BatchWorker

log = logging.getLogger(__name__)

_BATCH = 1
"""Items of one call of an actor: a picture takes seconds, and what is lost with an actor should be little."""


class RayItemMaker:
    """The class of the actors: builds its worker once, then makes rows of items."""

    def __init__(self, build: Callable[[], BatchWorker], folder: str) -> None:
        self._worker, self._results = build(), ResultFolder(Path(folder))

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Make the items of a batch; items that were made before an actor was lost are not made again."""
        for text in batch["item"]:
            values = json.loads(str(text))
            item = Item(values["id"], parse_job_request(values["order"]), values["label"])
            if not self._results.is_done(item.id):
                try_item(self._worker, item, self._results)
        return {"id": batch["id"]}


def run_items_on_ray(
    items: Sequence[Item],
    build: Callable[[], BatchWorker],
    results: ResultFolder,
    *,
    workers: int,
    address: str = "",
    on_row: Callable[[Row], None] = lambda _row: None,
) -> bool:
    """Make all items that ``results`` lacks on ``workers`` actors, each with a GPU of its own where there are any.

    ``address`` is that of a cluster ("auto" for the one of this machine); without one, Ray is started here. Raises
    HostError when Ray is missing or fails as a whole. True when every item has a row.
    """
    try:
        import ray  # noqa: PLC0415 - optional
    except ImportError as error:
        raise HostError(f"--on ray needs the package ray. {next_steps().install('ray')}") from error
    missing = [item for item in items if not results.is_done(item.id)]
    if not missing:
        return True
    root = str(Path(__file__).resolve().parents[2])
    environment = {"env_vars": {"PYTHONPATH": root, "OMP_NUM_THREADS": "1"}}
    where = {"address": address} if address else {"num_cpus": workers, "include_dashboard": False}
    try:
        ray.init(**where, runtime_env=environment, ignore_reinit_error=True, log_to_driver=False)
    except Exception as error:  # Ray raises no class of its own where its node does not start in time
        reason = str(error)[:300]
        raise HostError(
            f"Ray did not start: {reason} On a busy machine set RAY_raylet_start_wait_time_s=300."
        ) from error
    try:
        gpus = 1 if ray.cluster_resources().get("GPU", 0) else 0
        rows = [{"id": item.id, "item": _text(item)} for item in missing]
        made = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            RayItemMaker,
            fn_constructor_args=(build, str(results.folder.resolve())),
            batch_size=_BATCH,
            num_gpus=gpus,
            num_cpus=0 if gpus else 1,
            concurrency=(min(workers, len(rows)), workers) if workers > 1 else 1,
        )
        for row in made.iter_rows():
            found = results.row(str(row["id"]))
            if found is not None:
                on_row(found)
    except ray.exceptions.RayError as error:
        raise HostError(f"Ray stopped: {str(error)[:300]}. Run the same command again for what is missing.") from error
    finally:
        ray.shutdown()
    return all(results.row(item.id) is not None for item in missing)


def _text(item: Item) -> str:
    return json.dumps({"id": item.id, "label": item.label, "order": dict(item.job_request.values)})
