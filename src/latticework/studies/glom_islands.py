"""`study glom-islands`: are there islands of agreement, and do they make a part-whole hierarchy?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from latticework.core.checks import require
from latticework.pictures.island_curves import island_curves
from latticework.readouts.islands import THRESHOLD, census, islands, match, strokes
from latticework.studies.glom_networks import (
    PUBLISHED,
    TRAINED,
    UNTRAINED,
    Subject,
    require_glom,
    subject,
    test_images,
)
from latticework.studies.study import AbstractStudy, Point, Row, StudyTable
from latticework.tasks import DataSource

INK_ABOVE = 0.35
MOST_STEPS = 10


@dataclass(frozen=True)
class GlomIslands(AbstractStudy):
    """Islands per level and step, their size, and how far they match strokes.

    Args:
        networks: recipes to look at, trained and untrained.
        runs: folders of finished runs of these recipes, in place of training them now.
        published: file of the published weights, to look at them too; empty for not.
        images: test images.
        threshold: cosine from which neighbouring columns agree.
    """

    networks: tuple[str, ...] = ("glom-mnist",)
    runs: tuple[str, ...] = ()
    published: str = ""
    images: int = 100
    threshold: float = THRESHOLD

    def points(self) -> Sequence[Point]:
        """Each network, trained and not; the published one last."""
        require(self.images >= 2, f"images is {self.images}, expected 2 or more")
        found: list[Point] = [
            {"network": name, "weights": weights}
            for name in self.networks
            for weights in (TRAINED, UNTRAINED)
        ]
        if self.published:
            name = "glom-mnist-faithful"
            found += [{"network": name, "weights": w} for w in (PUBLISHED, UNTRAINED)]
        return found

    def measure(self, point: Point, source: DataSource) -> Row:
        """Count islands on every image, level and step."""
        name = str(point["network"])
        who = subject(name, str(point["weights"]), self.runs, self.published, source)
        raw, _ = test_images(require_glom(who.recipe), self.images, source)
        return measure_islands(who, raw, self.threshold)

    def table(self, rows: Sequence[Row]) -> StudyTable:
        """One line per network and level, at the last step."""
        lines = [_line(row, level) for row in rows for level in range(len(row["number"]))]
        headers = (
            "network",
            "weights",
            "level",
            "agreement of neighbours",
            "islands",
            "typical island",
            "match with ink",
            "match with strokes",
            "with another digit's strokes",
        )
        return StudyTable(headers, lines, 2)

    def draw(self, rows: Sequence[Row], path: Path) -> Path:
        """Number and size of islands over the steps."""
        return island_curves(rows, path, title=self.name, threshold=self.threshold)


def _line(row: Row, level: int) -> list[str]:
    """One level of one network, at the last step."""
    return [
        row["network"],
        row["weights"],
        str(level),
        f"{row['agreement'][level][-1]:.2f}",
        f"{row['number'][level][-1]:.1f} of {row['columns']}",
        f"{row['typical'][level][-1] / row['columns']:.0%}",
        f"{row['figure'][level]:.2f}",
        f"{row['strokes'][level]:.2f}",
        f"{row['other_strokes'][level]:.2f}",
    ]


def measure_islands(who: Subject, raw: np.ndarray, threshold: float) -> Row:
    """The islands of a network on images, in the mean.

    Returns:
        `steps`, those that were measured; per level and step `number`, `typical` (columns) and
        `agreement`; per level at the last step the match of islands with ink and ground
        (`figure`), with strokes of the ink (`strokes`), and with those of the next image, where
        both have ink (`other_strokes`).
    """
    states = who.settle(raw)
    chosen = np.unique(np.linspace(0, len(states) - 1, MOST_STEPS).round().astype(int))
    levels, count = range(states.shape[1]), len(raw)
    counted = [
        [[census(states[step, level, :, n], threshold) for n in range(count)] for step in chosen]
        for level in levels
    ]

    def mean(name: str) -> list[list[float]]:
        return [
            [float(np.mean([getattr(one, name) for one in each])) for each in level]
            for level in counted
        ]

    last = [[islands(states[-1, level, :, n], threshold) for n in range(count)] for level in levels]
    cut = [strokes(image / 255, INK_ABOVE) for image in raw]
    ground = [(image / 255 > INK_ABOVE).astype(int) for image in raw]
    # The strokes of another image, where both have ink: what islands match by chance of place.
    other = [np.where(cut[n] >= 0, cut[(n + 1) % count], -1) for n in range(count)]

    def matches(parts: list[np.ndarray]) -> list[float]:
        each = [[match(last[level][n], parts[n]) for n in range(count)] for level in levels]
        return [float(np.nanmean(one)) if np.isfinite(one).any() else 0.0 for one in each]

    return {
        "columns": int(np.prod(states.shape[-2:])),
        "images": count,
        "steps": [int(step) + 1 for step in chosen],
        "number": mean("number"),
        "typical": mean("typical"),
        "largest": mean("largest"),
        "agreement": mean("agreement"),
        "figure": matches(ground),
        "strokes": matches(cut),
        "other_strokes": matches(other),
        "strokes_per_image": float(np.mean([len(np.unique(c)) - 1 for c in cut])),
    }
