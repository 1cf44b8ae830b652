"""One column: driven directly, and through weights by inputs."""

import functools
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core import spikes
from latticework.kernels.wave_problem import WaveProblem
from latticework.kernels.wave_reference import Moment, fire, show
from latticework.schedules.wave import Wave
from latticework.topologies.columns import Column, Columns, Inputs, Link, Uniform
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.outcomes import Check, compare_equal

SEMANTICS = {
    "faithful": {"tie_break": "first"},
    "idxfix": {"tie_break": "first", "right_winners": True},
}
"""The two that the files were made with: as published, and with the right winners; both with the
first of several candidates where the published program draws one."""

NO_INHIBITION = -1
_KEY = jnp.zeros(2, jnp.uint32)
_ZERO = jnp.uint32(0)


def _cases(golden: Archive) -> list[str]:
    """The cases of a file, each with its numbers in `CASE_meta`."""
    return [name.removesuffix("_meta") for name in golden.names() if name.endswith("_meta")]


def column_of(name: str, size: int, threshold: int, winners: int) -> Column:
    """A column with the numbers of a golden file."""
    return Column(name, size, threshold, None if winners == NO_INHIBITION else winners)


def replay_layer_direct(golden: Archive, context: Context) -> Iterator[Check]:
    """Columns with given drives, three waves each."""
    del context
    for case in _cases(golden):
        size, length, winners, threshold = golden.array(f"{case}_meta", (4,)).tolist()
        drives = jnp.asarray(golden.array(f"{case}_x"))
        column = column_of("column", size, threshold, winners)
        for name, semantics in SEMANTICS.items():
            problem = _one_column(column, 1, Wave(length, **semantics))
            got = spikes.frames(_fire_each(problem, drives), length)
            yield compare_equal(f"{case}_s_{name}", got, golden.array(f"{case}_s_{name}"))


@functools.partial(jax.jit, static_argnums=0)
def _fire_each(problem: WaveProblem, drives: Array) -> Array:
    """The trains of a problem's one column under each drive `[step, neuron]`."""
    (column,), moment = problem.wiring.columns, Moment(_KEY, _ZERO, _ZERO)
    return jax.vmap(lambda drive: fire(problem, column, drive, moment))(drives)


def _one_column(column: Column, num_inputs: int, schedule: Wave) -> WaveProblem:
    links = (Link("in", column.name, Uniform(1e6)),)
    wiring = Columns((Inputs("in", width=num_inputs),), (column,), links=links)
    return WaveProblem(wiring, schedule, num_inputs)


def replay_layer_network(golden: Archive, context: Context) -> Iterator[Check]:
    """Inputs, weights and a column, four waves in a row."""
    del context
    for case in _cases(golden):
        num_inputs, size, length, winners, threshold = golden.array(f"{case}_meta", (5,)).tolist()
        column = column_of("column", size, threshold, winners)
        inputs = spikes.thermometer(jnp.asarray(golden.array(f"{case}_in_count")), length)
        weights = {"in>column": jnp.asarray(golden.array(f"{case}_w", (num_inputs, size)))}
        for name, semantics in SEMANTICS.items():
            problem = _one_column(column, num_inputs, Wave(length, **semantics))
            _, seen = show(problem, weights, inputs, _KEY, _ZERO, learns=False)
            got = spikes.frames(seen["column"], length)
            yield compare_equal(f"{case}_s_{name}", got, golden.array(f"{case}_s_{name}"))


def unpacked(golden: Archive, name: str, size: int) -> np.ndarray:
    """Frames `[wave, step, unit]` that are stored packed."""
    return np.unpackbits(golden.array(name), axis=-1)[..., :size]
