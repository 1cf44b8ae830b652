"""The published orders of training examples and choices of test examples."""

import re
from collections.abc import Iterator

import numpy as np

from latticework.train.order import epoch_order, order_keys, subset
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.outcomes import Check, compare_equal

_NUM_TEST = 10_000
_FIRST = re.compile(r"perm[0-9]+_ep0")


def replay_order(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of `mnist_order`, drawn anew from the published keys."""
    del context
    for first in (name for name in golden.names() if _FIRST.fullmatch(name)):
        size, keys, epoch = len(golden.array(first)), order_keys([0]), 0
        while (name := f"{first.removesuffix('0')}{epoch}") in golden:
            keys, order = epoch_order(keys, size)
            yield compare_equal(name, np.asarray(order)[0], golden.array(name, (size,)))
            epoch += 1
    epoch = 0
    while (name := f"val_ep{epoch}") in golden:
        stored = golden.array(name)
        yield compare_equal(name, subset(epoch, _NUM_TEST, len(stored)), stored)
        epoch += 1
