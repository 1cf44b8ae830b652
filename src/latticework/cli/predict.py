"""`latticework predict RUN IMAGE...`: classes and scores of images, by a run."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import tyro

from latticework.cli.arguments import parse
from latticework.cli.output import console, print_json, table
from latticework.recipes import open_run
from latticework.studies.own_images import Invert, OwnImage, read_examples

MOST_COLUMNS = 12


@dataclasses.dataclass(frozen=True)
class PredictOptions:
    """Which class a run sees in pictures of yours.

    Pictures (PNG, ...) of any size are made grey, 28 x 28 and bright on dark like the data; what
    was done is said. An .npy array holds one example or several along its first axis.

    Args:
        run: folder of the run.
        images: pictures or .npy arrays.
        seed: which seed's network; the run's first when not given.
        invert: swap black and white; "auto" does it for a picture whose border is bright.
        json: print one JSON value and nothing else.
    """

    run: tyro.conf.Positional[Path]
    images: tyro.conf.Positional[tuple[Path, ...]]
    seed: int | None = None
    invert: Invert = "auto"
    json: bool = False


def main(argv: Sequence[str]) -> int:
    """Read, score, print."""
    options = parse(PredictOptions, argv, "predict")
    if not options.images:
        raise ValueError("predict needs a picture, as in: latticework predict RUN digit.png")
    opened = open_run(options.run)
    seed = opened.seeds[0] if options.seed is None else options.seed
    opened.params_of(seed)
    task = opened.recipe.task
    examples = [one for path in options.images for one in read_examples(path, task, options.invert)]
    scores = np.asarray(opened.scores(jnp.asarray(np.stack([one.raw for one in examples]))))
    shares = _softmax(scores[opened.seeds.index(seed)])
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
        _print(examples, shares, f"{opened.recipe.name}, seed {seed}")
    return 0


def _softmax(scores: np.ndarray) -> np.ndarray:
    """Scores `[example, class]` as shares that add up to 1."""
    raised = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _print(examples: Sequence[OwnImage], shares: np.ndarray, who: str) -> None:
    screen, num_classes = console(), shares.shape[1]
    screen.print(f"{who}; scores are the softmax over the classes", soft_wrap=True)
    if num_classes <= MOST_COLUMNS:
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
    for one in examples:
        if one.notes:
            screen.print(f"{one.name}: {', '.join(one.notes)}", soft_wrap=True)
