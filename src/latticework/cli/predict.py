"""`latticework predict RUN IMAGE...`: classes and scores of images, by a run."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import jax.numpy as jnp
import numpy as np
import tyro

from latticework.cli.arguments import parse
from latticework.cli.output import console, print_json, table
from latticework.cli.seen_pictures import drawn_in_text, save_seen
from latticework.demo.shipped import Shipped, open_shipped, shipped_names
from latticework.recipes import OpenRun, open_run
from latticework.studies.own_images import Invert, OwnImage, read_examples

MOST_COLUMNS = 12
LEAST_WIDTH = 80
MOST_SHOWN = 3

Show = Literal["auto", "yes", "no"]
"""Whether pictures are drawn in the terminal."""


@dataclasses.dataclass(frozen=True)
class PredictOptions:
    """Which class a network sees in pictures of yours.

    Pictures (PNG, JPEG, TIFF, ...) of any size and depth are made grey, 28 x 28 and bright on dark
    like the data; where these are MNIST's digits, a drawing is scaled and centred as they are. What
    was done is said, and the picture shown as the network gets it. An .npy array holds one example
    or several along its first axis. A run on photographs gets the middle square of each.

    Args:
        run: folder of a run, or a network that comes with the package: trees, grid, gridnet, glom.
        images: pictures or .npy arrays.
        seed: which seed's network; the run's first when not given.
        invert: swap black and white; "auto" does it for a picture whose border is bright.
        as_is: neither scale nor centre nor brighten a drawing.
        show: draw the pictures in the terminal; "auto" draws up to three.
        png: a file to draw them into, as in seen.png.
        json: print one JSON value and nothing else.
    """

    run: tyro.conf.Positional[Path]
    images: tyro.conf.Positional[tuple[Path, ...]]
    seed: int | None = None
    invert: Invert = "auto"
    as_is: tyro.conf.FlagCreatePairsOff[bool] = False
    show: Show = "auto"
    png: Path | None = None
    json: bool = False


def main(argv: Sequence[str]) -> int:
    """Read, score, print."""
    options = parse(PredictOptions, argv, "predict")
    if not options.images:
        raise ValueError("predict needs a picture, as in: latticework predict RUN digit.png")
    opened, seed = _opened(options)
    task = opened.recipe.task
    examples = [
        one
        for path in options.images
        for one in read_examples(path, task, options.invert, as_is=options.as_is)
    ]
    scores = np.asarray(opened.scores(jnp.asarray(np.stack([one.raw for one in examples]))))
    at = 0 if isinstance(opened, Shipped) else opened.seeds.index(seed)
    shares = _softmax(scores[at])
    if options.png is not None:
        captions = (f"{share.argmax()} ({share.max():.2f})" for share in shares)
        save_seen(options.png, list(zip((_seen(one) for one in examples), captions, strict=True)))
    if options.json:
        print_json(
            [
                {
                    "image": one.name,
                    "class": int(share.argmax()),
                    "scores": share,
                    "notes": list(one.notes),
                    "seed": seed,
                }
                for one, share in zip(examples, shares, strict=True)
            ]
        )
    else:
        _print(examples, shares, f"{opened.recipe.name}, seed {seed}", options.show)
    return 0


def _opened(options: PredictOptions) -> tuple[OpenRun | Shipped, int]:
    """A run, or a network of the package where no folder has its name; and the seed."""
    name = str(options.run)
    if not options.run.exists() and name in shipped_names():
        shipped = open_shipped(name)
        if options.seed not in (None, shipped.seed):
            raise ValueError(f"{name} comes with seed {shipped.seed} alone, not {options.seed}")
        return shipped, shipped.seed
    if not options.run.exists() and options.run.parent == Path():
        known = ", ".join(shipped_names())
        raise ValueError(f"{name} is not the folder of a run, nor one of the networks {known}")
    opened = open_run(options.run)
    seed = opened.seeds[0] if options.seed is None else options.seed
    opened.params_of(seed)
    return opened, seed


def _softmax(scores: np.ndarray) -> np.ndarray:
    """Scores `[example, class]` as shares that add up to 1."""
    raised = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _print(examples: Sequence[OwnImage], shares: np.ndarray, who: str, show: Show) -> None:
    screen, num_classes = console(), shares.shape[1]
    screen.print(f"{who}; scores are the softmax over the classes", soft_wrap=True)
    if num_classes <= MOST_COLUMNS and screen.width >= LEAST_WIDTH:
        headers = ("class", *(str(n) for n in range(num_classes)), "image")
        rows = [
            (int(share.argmax()), *(f"{value:.2f}" for value in share), one.name)
            for one, share in zip(examples, shares, strict=True)
        ]
    else:
        headers = ("class", "score", "image")
        rows = [
            (int(share.argmax()), f"{share.max():.2f}", one.name)
            for one, share in zip(examples, shares, strict=True)
        ]
    made = table(headers, rows)
    made.columns[-1].overflow = "fold"  # a path is useless when its end is cut off
    screen.print(made)
    pictures = [one for one in examples if one.raw.dtype == np.uint8]
    shown = pictures[: {"yes": None, "auto": MOST_SHOWN, "no": 0}[show]]
    for one in examples:
        if one.notes:
            screen.print(f"{one.name}: {', '.join(one.notes)}", soft_wrap=True)
        if any(one is other for other in shown):
            screen.print(f"as the network gets {one.name}:", soft_wrap=True)
            screen.print(drawn_in_text(_seen(one), coloured=bool(screen.color_system)))
    if show == "auto" and len(pictures) > len(shown):
        screen.print(f"{len(pictures) - len(shown)} more are drawn by --show yes, or --png FILE")


def _seen(example: OwnImage) -> np.ndarray:
    """What can be drawn of an example: a picture."""
    if example.raw.dtype != np.uint8:
        raise ValueError(f"{example.name} is a sequence, which --png does not draw; leave it out")
    return example.raw
