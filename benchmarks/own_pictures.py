"""How often the shipped networks are right about test digits that are drawn as people draw them.

python benchmarks/own_pictures.py --save results/benchmarks/own-pictures.json

The first 500 test digits of MNIST are written to files in nine ways, read as `predict` reads them,
and shown to three networks that come with the package: framed, and with `--as-is`. No number in the
reader was chosen on them. Two minutes on two cores.
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from latticework.demo.shipped import open_shipped
from latticework.studies.own_images import read_examples
from latticework.tasks import DataSource
from latticework.tasks.images import fetch
from latticework.train import write_json
from latticework.train.results import versions

NETWORKS = ("trees", "gridnet", "glom")
COUNT = 500
PAPER = (250, 244, 230)
INKS = ((20, 40, 120), (140, 20, 30), (15, 90, 40), (30, 30, 30))


def as_they_are(digit: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """28 x 28 bytes, bright on dark."""
    return Image.fromarray(digit)


def in_a_corner(digit: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """In one of the four corners of 100 x 100 pixels."""
    page = np.zeros((100, 100), np.uint8)
    top, left = rng.choice([0, 72], 2)
    page[top : top + 28, left : left + 28] = digit
    return Image.fromarray(page)


def cropped(digit: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """Cropped to the ink."""
    rows, cols = np.flatnonzero(digit.any(1)), np.flatnonzero(digit.any(0))
    return Image.fromarray(digit[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1])


def on_a_strip(digit: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """Somewhere on a strip of 28 x 280 pixels."""
    page = np.zeros((28, 280), np.uint8)
    left = int(rng.integers(0, 253))
    page[:, left : left + 28] = digit
    return Image.fromarray(page)


def inverted(digit: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """Dark on bright."""
    return Image.fromarray(255 - digit)


def twelve_bits(digit: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """12 bits in a file of 16."""
    return Image.fromarray(digit.astype(np.uint16) * 16)


def fractions(digit: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """Fractions 0..1 in a TIFF."""
    return Image.fromarray(digit.astype(np.float32) / 255)


def in_colour(digit: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """Coloured ink on paper."""
    ink = digit[..., None] / 255
    colour = np.array(INKS[int(rng.integers(len(INKS)))])
    return Image.fromarray(np.rint(ink * colour + (1 - ink) * np.array(PAPER)).astype(np.uint8))


def white_on_transparent(digit: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """White strokes, transparent ground."""
    layers = np.full((28, 28, 4), 255, np.uint8)
    layers[..., 3] = digit
    return Image.fromarray(layers, "RGBA")


def enlarged(digit: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """Five times as large by a smooth filter, in a corner of 300 x 300 pixels."""
    large = Image.fromarray(digit).resize((140, 140), Image.Resampling.BILINEAR)
    page = Image.new("L", (300, 300))
    page.paste(large, tuple(map(int, rng.choice([0, 160], 2))))
    return page


WAYS: Mapping[str, Callable[[np.ndarray, np.random.Generator], Image.Image]] = {
    "as they are": as_they_are,
    "in a corner": in_a_corner,
    "cropped to the ink": cropped,
    "on a wide strip": on_a_strip,
    "dark on bright": inverted,
    "12 bits in 16": twelve_bits,
    "fractions, TIFF": fractions,
    "coloured ink on paper": in_colour,
    "white on transparent": white_on_transparent,
    "enlarged 5 times, smoothly": enlarged,
}


def measure(count: int) -> list[dict]:
    """Accuracy of every network on every way, framed and as it is."""
    data = fetch("mnist", DataSource(offline=True))
    digits, classes = data.test_images[:count], data.test_classes[:count]
    networks = {name: open_shipped(name) for name in NETWORKS}
    task = networks["trees"].recipe.task
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for way, draw in WAYS.items():
            rng = np.random.default_rng(0)
            path = Path(folder, "drawing.tiff" if "TIFF" in way else "drawing.png")
            read: dict[bool, list[np.ndarray]] = {False: [], True: []}
            for digit in digits:
                draw(digit, rng).save(path)
                for as_is, found in read.items():
                    found += [one.raw for one in read_examples(path, task, as_is=as_is)]
            for name, network in networks.items():
                right = {}
                for as_is, found in read.items():
                    scores = np.asarray(network.scores(np.stack(found)))[0]
                    right[as_is] = float(np.mean(scores.argmax(axis=1) == classes))
                shares = {"framed": right[False], "as_is": right[True]}
                rows.append({"network": name, "way": way, **shares})
                print(rows[-1], flush=True)
    return rows


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    record = {"count": options.count, "rows": measure(options.count), "versions": versions()}
    if options.save is not None:
        write_json(options.save, record)


if __name__ == "__main__":
    main()
