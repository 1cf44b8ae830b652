"""Islands of agreement: connected columns whose vectors at a level are nearly the same."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.metrics import adjusted_rand_score

from latticework.core.checks import require

THRESHOLD = 0.9
"""Cosine of two neighbours' vectors from which on they agree."""

STROKE_TURN = np.pi / 8
"""Two neighbouring pixels of a stroke differ in direction by less than this."""


@dataclass(frozen=True)
class Census:
    """The islands of one level.

    Args:
        number: of islands.
        typical: size of the island that a column is on, in the mean over columns.
        largest: size of the largest.
        agreement: mean cosine of neighbouring columns.
    """

    number: int
    typical: float
    largest: int
    agreement: float


def agreements(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosines of each column with the one below, `[row - 1, col]`, and to the right.

    The lattice is a torus, but a picture is not: nobody is a neighbour across its edge. A vector
    of zeros agrees with nothing but another one.

    Args:
        vectors: `[channel, row, col]`.
    """
    size = np.linalg.norm(vectors, axis=0)
    unit = vectors / np.where(size > 0, size, 1)
    silent = size == 0
    down = (unit[:, 1:] * unit[:, :-1]).sum(axis=0) + (silent[1:] & silent[:-1])
    right = (unit[:, :, 1:] * unit[:, :, :-1]).sum(axis=0) + (silent[:, 1:] & silent[:, :-1])
    return down, right


def connected(down: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Numbers `[row, col]`: places joined by a path of true links have the same number.

    Args:
        down: `[row - 1, col]`, whether a place and the one below it are linked.
        right: `[row, col - 1]`, likewise to the right.
    """
    rows, cols = right.shape[0], down.shape[1]
    place = np.arange(rows * cols).reshape(rows, cols)
    start = np.concatenate([place[:-1][down], place[:, :-1][right]])
    end = np.concatenate([place[1:][down], place[:, 1:][right]])
    graph = coo_matrix((np.ones(len(start)), (start, end)), shape=(rows * cols, rows * cols))
    return connected_components(graph, directed=False)[1].reshape(rows, cols)


def islands(vectors: np.ndarray, threshold: float = THRESHOLD) -> np.ndarray:
    """The number of each column's island, `[row, col]`.

    Args:
        vectors: `[channel, row, col]`, one level of one image.
        threshold: neighbours agree when the cosine of their vectors is at least this.

    Raises:
        ValueError: the threshold is not in -1..1.
    """
    require(-1 <= threshold <= 1, f"threshold is {threshold}, expected a cosine in -1..1")
    down, right = agreements(vectors)
    return connected(down >= threshold, right >= threshold)


def census(vectors: np.ndarray, threshold: float = THRESHOLD) -> Census:
    """Count the islands of one level, `[channel, row, col]`."""
    sizes = np.bincount(islands(vectors, threshold).ravel())
    down, right = agreements(vectors)
    pairs = np.concatenate([down.ravel(), right.ravel()])
    return Census(
        number=len(sizes),
        typical=float((sizes**2).sum() / sizes.sum()),
        largest=int(sizes.max()),
        agreement=float(pairs.mean()) if pairs.size else 1.0,
    )


def strokes(image: np.ndarray, ink_above: float = 0.35) -> np.ndarray:
    """A digit cut into strokes: connected ink whose direction turns slowly.

    The direction of a pixel is that of the structure tensor of the image, smoothed over two
    pixels; two neighbouring pixels of ink belong together when it differs by less than
    `STROKE_TURN`. Nothing here has been learned, and no network is asked.

    Args:
        image: `[row, col]`, 0..1.
        ink_above: pixels above this are ink.

    Returns:
        The number of each pixel's stroke, -1 where there is no ink.
    """
    down, right = np.gradient(gaussian_filter(image.astype(float), 1.0))
    tensor = [gaussian_filter(part, 2.0) for part in (down * down, down * right, right * right)]
    direction = 0.5 * np.arctan2(2 * tensor[1], tensor[2] - tensor[0])
    ink = image > ink_above

    def linked(a: tuple, b: tuple) -> np.ndarray:
        turn = np.abs(direction[a] - direction[b])
        turn = np.minimum(turn, np.pi - turn)
        return (turn < STROKE_TURN) & ink[a] & ink[b]

    every, head, tail = slice(None), slice(None, -1), slice(1, None)
    found = connected(linked((head, every), (tail, every)), linked((every, head), (every, tail)))
    return np.where(ink, found, -1)


def enlarge(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Labels of columns as labels of the pixels of their patches."""
    patch = (size[0] // labels.shape[0], size[1] // labels.shape[1])
    return np.kron(labels, np.ones(patch, labels.dtype))


def match(labels: np.ndarray, parts: np.ndarray) -> float:
    """How far two ways to cut the same ink agree: the adjusted Rand index, 1 same, 0 chance.

    Not a number where there are fewer than two parts: then there is nothing to find.

    Args:
        labels: `[row, col]`, of columns or of pixels.
        parts: `[row, col]`, of pixels; negative where they do not count.

    Reference: L. Hubert, P. Arabie, Comparing partitions, 1985.
    """
    pixels = enlarge(labels, parts.shape)
    counts = parts >= 0
    if len(np.unique(parts[counts])) < 2:
        return float("nan")
    return float(adjusted_rand_score(parts[counts], pixels[counts]))
