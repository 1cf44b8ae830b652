"""All pictures of a run, in its folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from latticework.core.network import Network
from latticework.pictures.activity_gif import activity_gif
from latticework.pictures.activity_sheet import activity_sheet
from latticework.pictures.cell_maps import cell_maps
from latticework.pictures.episode import record
from latticework.pictures.hop_cosine import hop_cosine
from latticework.pictures.learning_curve import learning_curve


def save_run_pictures(
    folder: Path | str,
    network: Network,
    params: Mapping[str, np.ndarray],
    *,
    inputs: np.ndarray | None = None,
    target: int | None = None,
    records: Sequence[Mapping[str, Any]] = (),
    published: Sequence[tuple[float, float]] = (),
    hop_rows: Sequence[Mapping[str, Any]] = (),
    title: str = "",
) -> list[Path]:
    """Draw whatever there is something for: parameters always, the rest when given.

    Writes cell_maps.png, activity.png and activity.gif (`inputs`), learning_curve.png (`records`)
    and hop_cosine.png (`hop_rows`).

    Args:
        folder: where to save; made if need be.
        network: what was trained.
        params: of one seed, `[cell]` and `[cell, slot]`.
        inputs: `[time, channel]`, one encoded example.
        target: its class.
        records: the lines of metrics.jsonl.
        published: pairs (epochs of training, test accuracy).
        hop_rows: see `hop_cosine`.
        title: what was trained.

    Returns:
        The files, in the order of drawing.

    Cost: about four seconds for the whole set on the 28x10 grid.

    Raises:
        ValueError: something that cannot be drawn, in one sentence.
        OSError: the folder cannot be written.
    """
    folder = Path(folder)
    made = [cell_maps(network.wiring, params, folder / "cell_maps.png", title=title)]
    if len(records):
        path = folder / "learning_curve.png"
        made.append(learning_curve(records, path, published=published, title=title))
    if inputs is not None:
        episode = record(network, params, inputs, target)
        made.append(activity_sheet(episode, folder / "activity.png", title=title))
        made.append(activity_gif(episode, folder / "activity.gif", title=title))
    if len(hop_rows):
        made.append(hop_cosine(hop_rows, folder / "hop_cosine.png", title=title))
    return made
