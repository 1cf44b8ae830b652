"""Whole networks on one image: every spike, and every weight while it learns."""

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np

from latticework.core import spikes
from latticework.kernels.wave_problem import WaveProblem, Weights
from latticework.kernels.wave_reference import Moment, jitted_advance, zero_state
from latticework.rules.stdp import UNITS, Stdp
from latticework.schedules.wave import Wave
from latticework.topologies.columns import Buffer, Column, Columns, Inputs, Link, Uniform
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.outcomes import Check, compare_equal
from latticework.verify.rtnn.layers import SEMANTICS, column_of, unpacked

CERTAIN = dict.fromkeys(("capture", "minus", "search", "backoff", "u_min"), UNITS)
"""All five probabilities 1."""

_KEY = jnp.zeros(2, jnp.uint32)


def recurrent(column: Column, rules: tuple[Stdp | None, Stdp | None] = (None, None)) -> Columns:
    """Rows of an image, a column, and a buffer that feeds it back."""
    name = column.name
    return Columns(
        inputs=(Inputs("row"),),
        columns=(column,),
        buffers=(Buffer("before", of=name),),
        links=(
            Link("row", name, Uniform(16), rules[0]),
            Link("before", name, Uniform(16), rules[1]),
        ),
    )


def replay_image(golden: Archive, context: Context) -> Iterator[Check]:
    """V8 on one image, without and with learning, in both semantics."""
    del context
    for name in ("mnist_train_index", "label", "pixels"):
        golden.array(name)
    num_inputs, size, length, winners, threshold = golden.array("meta", (5,)).tolist()
    inputs = spikes.thermometer(jnp.asarray(golden.array("in_count", (28, num_inputs))), length)
    weights = {
        "row>rtnn": jnp.asarray(golden.array("w_ff", (num_inputs, size))),
        "before>rtnn": jnp.asarray(golden.array("w_rec", (size, size))),
    }
    column = column_of("rtnn", size, threshold, winners)
    rules = (Stdp(**CERTAIN, w_max=16), Stdp(**CERTAIN, w_max=32))
    for name, semantics in SEMANTICS.items():
        problem = WaveProblem(recurrent(column, rules), Wave(length, **semantics), num_inputs)
        golden.array(f"n_tie_events_{name}")
        seen, _ = _waves(problem, weights, inputs, learns=False)
        for short, population in (("rtnn", "rtnn"), ("buf", "before")):
            quantity = f"s_{short}_{name}"
            got = spikes.frames(seen[population], length)
            yield compare_equal(quantity, got, unpacked(golden, quantity, size))
        counts = spikes.counts(seen["rtnn"])
        yield compare_equal(f"readout_{name}", counts, golden.array(f"readout_{name}"))
        seen, after = _waves(problem, weights, inputs, learns=True)
        quantity = f"learn_s_rtnn_{name}"
        got = spikes.frames(seen["rtnn"], length)
        yield compare_equal(quantity, got, unpacked(golden, quantity, size))
        for short, block, waves in (
            ("ff", "row>rtnn", (0, 9, 27)),
            ("rec", "before>rtnn", (9, 27)),
        ):
            quantity = f"learn_w_{short}_after_{name}"
            got = np.stack([after[wave][block] for wave in waves])
            yield compare_equal(quantity, got, golden.array(quantity))


def replay_no_inhibition(golden: Archive, context: Context) -> Iterator[Check]:
    """A smaller one in which every neuron may fire."""
    del context
    golden.array("mnist_train_index")
    num_inputs, size, length, winners, threshold = golden.array("meta", (5,)).tolist()
    column = column_of("rtnn", size, threshold, winners)
    problem = WaveProblem(recurrent(column), Wave(length), num_inputs)
    weights = {
        "row>rtnn": jnp.asarray(golden.array("w_ff")),
        "before>rtnn": jnp.asarray(golden.array("w_rec")),
    }
    inputs = spikes.thermometer(jnp.asarray(golden.array("in_count")), length)
    seen, _ = _waves(problem, weights, inputs, learns=False)
    for quantity, population in (("s_rtnn", "rtnn"), ("s_buf", "before")):
        got = spikes.frames(seen[population], length)
        yield compare_equal(quantity, got, unpacked(golden, quantity, size))
    yield compare_equal("readout", spikes.counts(seen["rtnn"]), golden.array("readout"))


def replay_chain(golden: Archive, context: Context) -> Iterator[Check]:
    """Two columns and two buffers in a chain."""
    del context
    golden.array("mnist_train_index")
    num_inputs, n1, size, length, k1, k, theta1, theta = golden.array("meta", (8,)).tolist()
    wiring = Columns(
        inputs=(Inputs("row"),),
        columns=(column_of("TNN", n1, theta1, k1), column_of("R", size, theta, k)),
        buffers=(Buffer("B1", of="R"), Buffer("B2", of="B1")),
        links=tuple(
            Link(source, target, Uniform(16))
            for source, target in (("row", "TNN"), ("TNN", "R"), ("B1", "R"), ("B2", "R"))
        ),
    )
    stored = {"row>TNN": "in_tnn", "TNN>R": "tnn_rtnn", "B1>R": "buf1_rtnn", "B2>R": "buf2_rtnn"}
    weights = {block: jnp.asarray(golden.array(f"w_{name}")) for block, name in stored.items()}
    inputs = spikes.thermometer(jnp.asarray(golden.array("in_count")), length)
    for name, semantics in SEMANTICS.items():
        problem = WaveProblem(wiring, Wave(length, **semantics), num_inputs)
        seen, _ = _waves(problem, weights, inputs, learns=False)
        for population in ("TNN", "R", "B1", "B2"):
            quantity = f"s_{population}_{name}"
            got = spikes.frames(seen[population], length)
            yield compare_equal(
                quantity, got, unpacked(golden, quantity, problem.sizes[population])
            )


def _waves(
    problem: WaveProblem, weights: Weights, inputs, *, learns: bool
) -> tuple[dict, list[Weights]]:
    """All trains `[wave, unit]` by population, and the weights after each wave."""
    run = jitted_advance(problem, learns=learns)
    state, seen, after = zero_state(problem), [], []
    for number, channels in enumerate(inputs):
        moment = Moment(_KEY, jnp.uint32(0), jnp.uint32(number))
        state, weights, now = run(state, weights, channels, moment)
        seen.append(now)
        after.append(weights)
    return {name: jnp.stack([now[name] for now in seen]) for name in seen[0]}, after
