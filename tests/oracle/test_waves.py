"""Whole waves by one product and one search, against every step taken one by one."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.core import spikes
from latticework.kernels.wave_problem import WaveProblem
from latticework.kernels.wave_reference import show
from support.spiking import CHANNELS, SCHEDULES, WIRINGS, stepwise, trains, weights

CASES = [(wiring, schedule) for wiring in WIRINGS for schedule in SCHEDULES]
_show = functools.partial(jax.jit, static_argnums=0, static_argnames="learns")(show)


@pytest.mark.parametrize(("wiring", "schedule"), CASES)
def test_waves_equal_steps(wiring: str, schedule: str):
    problem = WaveProblem(WIRINGS[wiring], SCHEDULES[schedule], CHANNELS)
    matrices, fired = weights(problem, 1), 0
    start = {name: jnp.asarray(value) for name, value in matrices.items()}
    for example in trains(2, 3, 9, CHANNELS):
        expected, after = stepwise(problem, matrices, example, learns=True)
        new, seen = _show(
            problem, start, jnp.asarray(example), jnp.zeros(2, jnp.uint32), 0, learns=True
        )
        for name, frames in expected.items():
            got = spikes.frames(seen[name], problem.schedule.length)
            np.testing.assert_array_equal(got, frames != 0, err_msg=name)
        for name, value in after.items():
            np.testing.assert_array_equal(new[name], value, err_msg=name)
        fired += sum((expected[name] != 0).sum() for name in problem.wiring.read)
    assert fired > 50, "a network that never fires shows nothing"


def test_the_faults_show():
    """The four schedules differ on the same network, so the test above tells them apart."""
    outcomes = set()
    for schedule in SCHEDULES.values():
        problem = WaveProblem(WIRINGS["recurrent"], schedule, CHANNELS)
        start = weights(problem, 1)
        seen = [
            stepwise(problem, start, example, learns=False)[0]["r"]
            for example in trains(2, 5, 9, CHANNELS)
        ]
        outcomes.add(np.stack(seen).tobytes())
    assert len(outcomes) == len(SCHEDULES)
