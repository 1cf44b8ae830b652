"""The encoders: exact counts and spike indices, and the statistics of the random one."""

import re
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from latticework.core import spikes
from latticework.tasks.spike_codes import PoissonIntervals, Ramp, RankOrder, ramp_counts
from latticework.tasks.wave_image import WaveImage
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.outcomes import Check, compare_equal

NO_PIXEL, SILENT = 255, 255
"""What the files have where a pixel is brighter than its image, or a train is empty."""

MOST_ERRORS = 4.0
"""Standard errors that a mean may be off."""

_COUNTS = re.compile(r"count(_crop(?P<crop>[0-9]+))?_T(?P<length>[0-9]+)")
_TRAIN = re.compile(r"row_spikes_T(?P<length>[0-9]+)")
_ROW, _LENGTH = 10, 16
_KEY = jnp.zeros(2, jnp.uint32)


def replay_encoder(golden: Archive, context: Context) -> Iterator[Check]:
    """Whole images, crops by their own maximum, and one row as a train, at any wave lengths."""
    del context
    golden.array("mnist_train_index")
    pixels = golden.array("pixels")
    rows = WaveImage().encode(pixels)
    for name in golden.names():
        if sizes := _COUNTS.fullmatch(name):
            crop, length = sizes["crop"], int(sizes["length"])
            shown = WaveImage(crop=int(crop)).encode(pixels) if crop else rows
            counts = spikes.counts(Ramp().encode(shown, length, _KEY))
            yield compare_equal(name, counts, golden.array(name))
        elif sizes := _TRAIN.fullmatch(name):
            length = int(sizes["length"])
            train = Ramp().encode(rows[:1], length, _KEY)[0, _ROW]
            yield compare_equal(name, spikes.frames(train, length), golden.array(name))


def replay_table(golden: Archive, context: Context) -> Iterator[Check]:
    """Every pair of a pixel and a brightest pixel."""
    del context
    stored = golden.array("count")
    # The brightest pixel of an image spikes at every step.
    length = int(np.where(stored == NO_PIXEL, 0, stored).max())
    brightest, pixel = np.mgrid[: stored.shape[0], : stored.shape[1]]
    pair = jnp.asarray(np.stack([np.minimum(pixel, brightest), brightest], axis=-1))
    counts = np.asarray(ramp_counts(pair[..., None, :], length)[..., 0, 0])
    possible = (pixel <= brightest) & (brightest > 0)
    yield compare_equal("count", np.where(possible, counts, NO_PIXEL), stored)
    # Pairs for which the published arithmetic is not the exact ceiling: there is none.
    yield Check("deviates", float(len(golden.array("deviates"))), 0.0)


def replay_rank_order(golden: Archive, context: Context) -> Iterator[Check]:
    """The index of each pixel's one spike."""
    del context
    golden.array("mnist_train_index")
    length = golden.count("T") if "T" in golden else _LENGTH
    trains = RankOrder().encode(jnp.asarray(golden.array("pixels")), length, _KEY)
    times = np.asarray(spikes.spike_times(trains, length))
    times = np.where(np.asarray(trains) == 0, SILENT, times)
    yield compare_equal("spike_index", times, golden.array("spike_index"))


def replay_poisson(golden: Archive, context: Context) -> Iterator[Check]:
    """Number of spikes and chance of one at each step, against as many draws of our own."""
    del context
    draws, length = golden.count("draws"), golden.array("p_spike_at_t").shape[0]
    pixels = golden.array("pixel")
    code = PoissonIntervals()
    shown = jnp.broadcast_to(jnp.asarray(pixels)[None], (draws, len(pixels)))
    trains = np.asarray(jax.jit(code.encode, static_argnums=1)(shown, length, _KEY))
    on = np.asarray(spikes.frames(jnp.asarray(trains), length), np.float64)
    rate = code.intensity * pixels / 255.0
    yield compare_equal("rate_hz", np.round(rate, 6), np.round(golden.array("rate_hz"), 6))
    count = on.sum(axis=1)
    error = golden.array("se_count")
    both = np.sqrt(error**2 + count.var(axis=0, ddof=1) / draws)
    yield _within("mean_count", count.mean(axis=0), golden.array("mean_count"), both)
    variance = golden.array("var_count")
    fourth = ((count - count.mean(axis=0)) ** 4).mean(axis=0)
    spread = np.sqrt(2 * np.maximum(fourth - variance**2, 0) / draws)
    yield _within("var_count", count.var(axis=0, ddof=1), variance, spread)
    share = golden.array("p_spike_at_t")
    pooled = (share + on.mean(axis=0)) / 2
    both = np.sqrt(2 * pooled * (1 - pooled) / draws)
    yield _within("p_spike_at_t", on.mean(axis=0), share, both)


def _within(quantity: str, got, expected: np.ndarray, error: np.ndarray) -> Check:
    """The largest z; where there is no spread the two must agree."""
    difference = np.abs(np.asarray(got) - expected)
    # A single spike among the draws is no evidence against a rare one.
    z = difference / np.maximum(error, 1e-4)
    return Check(f"{quantity} (z)", float(z.max()), MOST_ERRORS)
