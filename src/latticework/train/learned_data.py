"""Which data a run learned from: kept in its folder, and compared when they are needed again."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from latticework.core.checks import require
from latticework.core.task import Dataset
from latticework.train.files import write_json
from latticework.train.fingerprint import check_made_by
from latticework.train.identity import check_identity, marked, unmarked
from latticework.train.record import RunFolder
from latticework.train.stored import DATA, MADE_BY
from latticework.untrusted import read_json

FILE = "data.json"


def data_facts(dataset: Dataset) -> dict[str, str]:
    """Name, origin and SHA-256 of a data set."""
    return {"name": dataset.name, "origin": dataset.origin, "sha256": dataset.sha256}


@contextlib.contextmanager
def begun(
    folder: RunFolder, recipe: Any, dataset: Dataset, restore: Callable[[], tuple[str, ...]] | None
) -> Iterator[tuple[str, ...]]:
    """`RunFolder.begun`, where a new run keeps what it learns from and another is held against it.

    Raises:
        ValueError: the data are not those that the run learned, or as in `RunFolder.begun`.
        OSError: the folder cannot be written.
    """

    def checked() -> tuple[str, ...]:
        difference = data_difference(folder, dataset)
        if difference and folder.checkpoint.exists():
            # Data that are generated differ because a field does; then it is the field to name.
            made_by = folder.read_checkpoint_meta(MADE_BY)["fingerprint"]
            check_made_by(folder.checkpoint, made_by, {"recipe": recipe})
        require(
            not difference,
            f"{folder.path} cannot go on: {difference}; name the folder that has them with "
            "--data-dir, or start a new run in another folder",
        )
        return () if restore is None else restore()

    with folder.begun(recipe, None if restore is None else checked) as changes:
        if folder.writes and not folder.checkpoint.exists():
            write_json(folder.path / FILE, marked(data_facts(dataset), folder.identity))
        yield changes


def learned_data(folder: RunFolder) -> dict[str, str] | None:
    """What `data_facts` said when the run began; None for a run that did not keep it.

    Raises:
        ValueError: the file is damaged, or of another run.
    """
    path = folder.path / FILE
    if not path.is_file():
        return None
    stored = read_json(path, DATA, advice="restore it, or delete it to do without")
    check_identity(path, stored, folder.identity, folder.recipe)
    return unmarked(stored)


def data_difference(folder: RunFolder, dataset: Dataset) -> str:
    """How the data at hand differ from those that the run learned, or "" where they do not."""
    learned = learned_data(folder)
    if learned is None or learned["sha256"] == dataset.sha256:
        return ""
    return (
        f"it learned {learned['name']} from {learned['origin']} with SHA-256 {learned['sha256']}, "
        f"but the data at hand, {dataset.name} from {dataset.origin}, have {dataset.sha256}"
    )
