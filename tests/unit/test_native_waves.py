"""The compiled waves against the reference, draw by draw."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.kernels.wave_choice import choose_wave_kernel
from latticework.kernels.wave_native import NativeWaveKernel
from latticework.kernels.wave_problem import WaveProblem
from latticework.kernels.wave_reference import ReferenceWaveKernel
from latticework.topologies import Columns
from support.native import level_names, needs_extension
from support.spiking import CHANCY, CHANNELS, SCHEDULES, WIRINGS, trains, weights

pytestmark = needs_extension
SEEDS, EXAMPLES, WAVES = 2, 6, 7


def chancy(wiring: Columns) -> Columns:
    """The same wiring with chances in place of certainties."""
    links = tuple(
        link if link.rule is None else replace(link, rule=CHANCY) for link in wiring.links
    )
    return replace(wiring, links=links)


def problem_of(wiring: str, schedule: str) -> WaveProblem:
    random = replace(SCHEDULES[schedule], tie_break="random")
    return WaveProblem(chancy(WIRINGS[wiring]), random, CHANNELS)


def arguments(problem: WaveProblem):
    each = [weights(problem, seed) for seed in range(SEEDS)]
    start = {name: jnp.stack([jnp.asarray(one[name]) for one in each]) for name in each[0]}
    shown = jnp.asarray(trains(5, SEEDS, EXAMPLES, WAVES, CHANNELS))
    keys = jnp.asarray([[1, 2], [3, 4]], jnp.uint32)
    return start, shown, keys, jnp.uint32(11)


def run(kernel, args, **options):
    return jax.device_get(jax.jit(lambda *given: kernel.run(*given, **options))(*args))


@pytest.mark.parametrize("schedule", ["faithful", "corrected"])
@pytest.mark.parametrize("wiring", WIRINGS)
def test_parity_with_the_reference(wiring, schedule):
    problem = problem_of(wiring, schedule)
    args, everything = arguments(problem), problem.wiring.populations
    expected = run(ReferenceWaveKernel(problem), args, learns=True, record=everything)
    found = run(NativeWaveKernel(problem), args, learns=True, record=everything)
    np.testing.assert_array_equal(found.trains, expected.trains)
    for name in expected.weights:
        np.testing.assert_array_equal(found.weights[name], expected.weights[name])
    learns = any(link.rule for link in problem.wiring.links)
    changed = any((expected.weights[name] != args[0][name]).any() for name in args[0])
    assert changed == learns
    assert (expected.trains != 0).mean() > 0.1


def test_threads_levels_and_cuts_do_not_matter():
    problem = problem_of("recurrent", "faithful")
    args = arguments(problem)
    base = run(NativeWaveKernel(problem, 1, "baseline"), args, learns=True)
    for level in level_names():
        other = run(NativeWaveKernel(problem, 2, level), args, learns=True)
        np.testing.assert_array_equal(other.trains, base.trains)
        np.testing.assert_array_equal(other.weights["row>r"], base.weights["row>r"])
    start, shown, keys, first = args
    kernel = NativeWaveKernel(problem)
    half = run(kernel, (start, shown[:, :3], keys, first), learns=True)
    rest = run(kernel, (half.weights, shown[:, 3:], keys, first + jnp.uint32(3)), learns=True)
    np.testing.assert_array_equal(rest.weights["b>r"], base.weights["b>r"])


def test_without_learning_weights_stay_and_inputs_may_be_shared():
    problem = problem_of("halves", "corrected")
    start, shown, keys, first = arguments(problem)
    kernel = NativeWaveKernel(problem)
    shared = run(kernel, (start, shown[:1], keys, first), learns=False)
    both = jnp.broadcast_to(shown[:1], shown.shape)
    each = run(kernel, (start, both, keys, first), learns=False)
    np.testing.assert_array_equal(shared.trains, each.trains)
    np.testing.assert_array_equal(shared.weights["a>top"], start["a>top"])
    assert shared.trains.shape == (SEEDS, EXAMPLES, WAVES, 18)


def test_no_example_is_fine():
    problem = problem_of("recurrent", "faithful")
    start, shown, keys, first = arguments(problem)
    found = run(NativeWaveKernel(problem), (start, shown[:, :0], keys, first), learns=True)
    np.testing.assert_array_equal(found.weights["row>r"], start["row>r"])


def test_what_does_not_apply_is_said():
    problem = problem_of("recurrent", "faithful")
    assert choose_wave_kernel(problem).name == "native"
    assert choose_wave_kernel(problem, "reference").name == "reference"
    with pytest.raises(ValueError, match="num_threads is -1"):
        NativeWaveKernel(problem, -1)
    start, shown, keys, first = arguments(problem)
    twice = {name: value.astype(jnp.float64) for name, value in start.items()}
    with pytest.raises(ValueError, match="computes in float32, not float64"):
        run(NativeWaveKernel(problem), (twice, shown, keys, first), learns=True)
