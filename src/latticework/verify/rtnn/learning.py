"""What learns: plasticity case by case and in distribution, whole trainings, the readout."""

import re
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from latticework.core import spikes
from latticework.core.seeds import key_of
from latticework.kernels.wave_choice import choose_wave_kernel
from latticework.kernels.wave_problem import WaveProblem
from latticework.readouts.sigmoid_sgd import SigmoidSgd
from latticework.rules.stdp import UNITS, Stdp
from latticework.schedules.wave import Wave
from latticework.tasks import DataSource, NoDataError
from latticework.tasks.spike_codes import Ramp
from latticework.tasks.wave_image import WaveImage
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.outcomes import Check, SkippedCaseError, compare_absolute, compare_equal
from latticework.verify.rtnn.layers import column_of
from latticework.verify.rtnn.networks import recurrent

MOST_ERRORS = 4.0
"""Standard errors that a mean may be off."""

READOUT_TOLERANCE = 1e-5
_START = re.compile(r"M[0-9]+_w0")
_CASES = ("capture", "minus", "search", "backoff")


def replay_stdp(golden: Archive, context: Context) -> Iterator[Check]:
    """All pairs of counts with probabilities 0 and 1, bounds included, for each largest weight."""
    del context
    golden.array("T")
    x, y = jnp.asarray(golden.array("x_count")), jnp.asarray(golden.array("y_count"))
    for start_name in (name for name in golden.names() if _START.fullmatch(name)):
        w_max = int(start_name[1:].removesuffix("_w0"))
        start = golden.array(start_name).astype(np.float32)
        for bits in ("1000", "0100", "0010", "0001", "1111", "0000"):
            chances = dict(zip(_CASES, (UNITS * int(bit) for bit in bits), strict=True))
            rule = Stdp(**chances, u_min=UNITS, w_max=w_max)
            name = f"M{w_max}_u{bits}_umin1"
            yield compare_equal(name, _change(rule, start, x, y), golden.array(name))
        rule = Stdp(**dict.fromkeys(_CASES, UNITS), u_min=0, w_max=w_max)
        name = f"M{w_max}_u1111_umin0_binary"
        binary = golden.array(f"M{w_max}_wb0").astype(np.float32)
        got = _change(rule, binary, x, y)
        yield compare_equal(name, got, golden.array(name))


def _change(rule: Stdp, start: np.ndarray, x, y) -> np.ndarray:
    """What one wave changes; any draw will do where probabilities are 0 or 1."""
    draws = jnp.full(start.shape, 0.5, jnp.float32)
    return np.asarray(rule.step(jnp.asarray(start), x, y, draws)) - start


def replay_stdp_statistics(golden: Archive, context: Context) -> Iterator[Check]:
    """The mean change of every case and weight, after the clamp: exact here, so no draw is made."""
    del context
    golden.array("draws")
    x, y = golden.array("x_count"), golden.array("y_count")
    for name in (name.removesuffix("_params") for name in golden.names() if "_params" in name):
        *chances, w_max = golden.array(f"{name}_params", (6,)).tolist()
        rule = Stdp(*(UNITS * chance for chance in chances), w_max=w_max)
        fraction = golden.array(f"{name}_w_fraction")
        expected = np.stack(
            [_expected(rule, fraction * w_max, a, b) for a, b in zip(x, y, strict=True)]
        )
        yield compare_absolute(f"{name}_analytic", expected, golden.array(f"{name}_analytic"), 1e-9)
        error = np.maximum(golden.array(f"{name}_se"), 1e-12)
        z = np.abs(expected - golden.array(f"{name}_mean")) / error
        yield Check(f"{name}_mean (z)", float(z.max()), MOST_ERRORS)


def _expected(rule: Stdp, weights: np.ndarray, x: int, y: int) -> np.ndarray:
    """Mean change of each weight for one pair of counts, in float64."""
    table = jnp.asarray(weights, jnp.float64)[:, None]
    sources = jnp.full(len(weights), x)
    direction, probability = rule.probabilities(table, sources, jnp.asarray([y]))
    moved = jnp.clip(table + direction.astype(table.dtype), 0, rule.w_max)
    return np.asarray(probability * (moved - table))[:, 0]


def replay_readout(golden: Archive, context: Context) -> Iterator[Check]:
    """Three epochs of the published readout, parameters after each, and its predictions."""
    del context
    readout = SigmoidSgd(learning_rate=golden.number("lr"), momentum=golden.number("momentum"))
    features = jnp.asarray(golden.array("features"))
    targets = jnp.asarray(golden.array("labels"), jnp.int32)
    params = {
        "weight": jnp.asarray(golden.array("w0"), jnp.float32),
        "bias": jnp.asarray(golden.array("b0"), jnp.float32),
    }
    velocity = jax.tree.map(jnp.zeros_like, params)
    after, epoch = [], jax.jit(readout.epoch)
    for _ in range(golden.array("w_after_epoch").shape[0]):
        params, velocity, _ = epoch(params, velocity, features, targets)
        after.append(params)
    for short, name in (("w", "weight"), ("b", "bias")):
        quantity = f"{short}_after_epoch"
        got = np.stack([params[name] for params in after])
        yield compare_absolute(quantity, got, golden.array(quantity), READOUT_TOLERANCE)
    guesses = np.argmax(np.asarray(readout.scores(params, features)), axis=1)
    yield compare_equal("pred", guesses, golden.array("pred"))


def replay_training_statistics(golden: Archive, context: Context) -> Iterator[Check]:
    """V8 learning from given weights on given images, in replicas; needs MNIST."""
    first, number = int(golden.array("first_train_index")), golden.count("n_images")
    images = _training_images(context)[first : first + number]
    num_inputs, size, length, winners, threshold = golden.array("meta", (5,)).tolist()
    rules = (Stdp(20, 20, 2, 96, 4, 16), Stdp(30, 30, 10, 96, 16, 32))
    wiring = recurrent(column_of("rtnn", size, threshold, winners), rules)
    kernel = choose_wave_kernel(WaveProblem(wiring, Wave(length), num_inputs))
    replicas = golden.count("replicas")
    start = {"row>rtnn": golden.array("w_ff0"), "before>rtnn": golden.array("w_rec0")}
    weights = {name: jnp.stack([jnp.asarray(value)] * replicas) for name, value in start.items()}
    seeds = jnp.stack([key_of(seed) for seed in range(replicas)])
    keys = jax.vmap(lambda seed: jax.random.bits(seed, (2,), jnp.uint32))(seeds)
    shown = Ramp().encode(WaveImage().encode(images), length, keys[0])
    result = jax.jit(lambda *args: kernel.run(*args, learns=True))(
        weights, jnp.stack([shown] * replicas), keys, jnp.uint32(0)
    )
    counts = np.asarray(spikes.counts(result.trains))
    after = {name: np.asarray(value) for name, value in result.weights.items()}
    found = {
        "wff_mean_per_input": after["row>rtnn"].mean(axis=2),
        "wrec_mean": after["before>rtnn"].mean(axis=(1, 2)),
        "winners_per_wave": (counts > 0).sum(axis=3).mean(axis=1),
        "winners_at_t0_per_wave": (counts == length - 1).sum(axis=3).mean(axis=1),
    }
    for short, block in (("wff", "row>rtnn"), ("wrec", "before>rtnn")):
        edges = golden.array(f"{short}_hist_edges")
        found[f"{short}_hist"] = np.stack(
            [np.histogram(one, edges)[0] / one.size for one in after[block]]
        )
    for name, values in found.items():
        yield _same_mean(golden, name, values, replicas)


def _training_images(context: Context) -> np.ndarray:
    folder = None if context.data_dir is None else str(context.data_dir)
    try:
        data = WaveImage(fallback=False).load(DataSource(folder, offline=True))
    except NoDataError as error:
        raise SkippedCaseError(f"it trains on MNIST, which is not here: {error}") from error
    return data.train_inputs


def _same_mean(golden: Archive, name: str, values: np.ndarray, replicas: int) -> Check:
    """The largest z of the difference of means over replicas, with both spreads."""
    mean, sd = golden.array(f"{name}_mean"), golden.array(f"{name}_sd")
    error = np.sqrt((sd**2 + values.std(axis=0, ddof=1) ** 2) / replicas)
    z = np.abs(values.mean(axis=0) - mean) / np.maximum(error, 1e-6)
    return Check(f"{name} (z)", float(z.max()), MOST_ERRORS)
