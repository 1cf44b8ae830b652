"""Which examples a run in stages learns from, reads and is tested on."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import jax
import numpy as np

from latticework.core.checks import require
from latticework.core.seeds import key_of
from latticework.core.task import Dataset

Scheme = Literal["published", "honest"]
"""`published`: everything from the training file. `honest`: the test is the whole test file."""

_ORDER_KEY = 42


@dataclass(frozen=True)
class Shares:
    """Indices of examples, `[seed, example]`.

    Args:
        learned: shown to the network while it learns, from the training file.
        read: what the classifier is trained on, from the training file.
        tested: what it is tested on; None: the whole test file.
    """

    learned: np.ndarray
    read: np.ndarray
    tested: np.ndarray | None


@dataclass(frozen=True)
class Protocol:
    """How many examples for what.

    `published`: a random order of the training file, cut with the published program's off-by-ones
    into N + 1 to learn from, N - 1 to train the classifier and N - 1 to test it.

    `honest`: the first N of a random order to learn from, the last `read` of it for the classifier,
    and all of the test file for the test.

    Args:
        scheme: "published" or "honest".
        examples: N.
        read: examples for the classifier, "honest" only; None for N.
        passes: how often the network is shown what it learns from.

    Raises:
        ValueError: a number is out of range.
    """

    scheme: Scheme = "published"
    examples: int = 1000
    read: int | None = None
    passes: int = 1

    def __post_init__(self) -> None:
        known = get_args(Scheme)
        require(
            self.scheme in known,
            f"the protocol is {self.scheme!r}; one of {', '.join(known)} expected",
        )
        least = 2 if self.scheme == "published" else 0
        require(self.examples >= least, f"examples is {self.examples}, expected {least} or more")
        require(
            self.scheme == "honest" or self.read is None,
            "the published protocol reads N - 1 examples; leave protocol.read out, or choose the "
            "honest one",
        )
        require(self.num_read >= 1, f"read is {self.num_read}, expected 1 or more")
        require(self.passes >= 1, f"passes is {self.passes}, expected 1 or more")

    @property
    def num_learned(self) -> int:
        """Examples shown while the network learns, all passes together."""
        return (self.examples + (self.scheme == "published")) * self.passes

    @property
    def num_read(self) -> int:
        """Examples for the classifier."""
        if self.scheme == "published":
            return self.examples - 1
        return self.examples if self.read is None else self.read

    def check_fits(self, dataset: Dataset) -> None:
        """Raise ValueError unless `dataset` has so many examples."""
        have = len(dataset.train_targets)
        if self.scheme == "published":
            need, most = 3 * self.examples + 1, (have - 1) // 3
        else:
            need, most = max(self.examples, self.num_read), have
        require(
            need <= have,
            f"{self.examples:,} examples need {need:,} of the training file, but {dataset.name} "
            f"has {have:,}; ask for at most {most:,}",
        )

    def within(self, dataset: Dataset) -> "Protocol":
        """The same protocol with no more examples than `dataset` has."""
        have = len(dataset.train_targets)
        if self.scheme == "published":
            return replace(self, examples=min(self.examples, (have - 1) // 3))
        read = None if self.read is None else min(self.read, have)
        return replace(self, examples=min(self.examples, have), read=read)

    def shares(self, dataset: Dataset, seeds: tuple[int, ...]) -> Shares:
        """The examples of every seed, drawn from the seed alone."""
        orders = np.stack([_order(seed, len(dataset.train_targets)) for seed in seeds])
        n = self.examples
        if self.scheme == "published":
            learned = orders[:, : n + 1]
            read, tested = orders[:, n + 2 : 2 * n + 1], orders[:, 2 * n + 2 : 3 * n + 1]
        else:
            learned, tested = orders[:, :n], None
            read = orders[:, orders.shape[1] - self.num_read :]
        return Shares(np.tile(learned, self.passes), read, tested)

    def tested_text(self, dataset: Dataset) -> str:
        """What accuracy is measured on, in words."""
        if self.scheme == "published":
            return f"{self.examples - 1:,} held-out images of the training file"
        return f"all {len(dataset.test_targets):,} test images"


def _order(seed: int, number: int) -> np.ndarray:
    """A random order of examples."""
    key = jax.random.fold_in(key_of(seed), _ORDER_KEY)
    return np.asarray(jax.random.permutation(key, number), np.int32)
