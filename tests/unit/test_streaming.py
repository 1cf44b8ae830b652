"""Learning from a stream: the same as from whole sequences, in constant memory."""

import gc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from latticework.core.influence import influence_pairs
from latticework.core.loss import error
from latticework.kernels.skew import skew_tables
from latticework.models import LeakyLearner, StreamingLearner, grid
from latticework.rules import Bptt, Broadcast, HopTrace, NonIdealities, Rtrl
from latticework.topologies import Grid, SmallWorld
from support.probe import flat, jit, network_on, probe, relative_error

NETWORK = network_on(SmallWorld(3, 3, num_long_edges=3))
EXACT = 1e-12
RATE = 0.5
NUM_STEPS = 6
SGD = optax.sgd(RATE)


def example():
    params, inputs, targets = probe(NETWORK, num_steps=NUM_STEPS)
    return params, inputs[0], int(targets[0])


def difference(ours: dict, expected: dict) -> float:
    return relative_error(*(flat({k: v[None] for k, v in p.items()}) for p in (ours, expected)))


def moved(params: dict, start: dict) -> dict:
    return {name: value - start[name] for name, value in params.items()}


@pytest.mark.parametrize("rule", [HopTrace(hops=1), HopTrace(hops=0, signal=Broadcast()), Rtrl()])
def test_one_update_per_sequence_is_the_batch_form(rule):
    params, inputs, target = example()
    learner = StreamingLearner(NETWORK, rule, SGD, params=params, update_every=NUM_STEPS)
    readouts = []
    for channels in inputs:
        assert difference(learner.params, params) == 0, "parameters hold still until the update"
        readouts.append(learner.step(channels, target))

    @jit
    def gradient(params):
        return rule.gradient(NETWORK, params, inputs, jnp.asarray(target), loss_mode="per_t")

    whole = gradient(params)
    expected = {name: value - RATE * whole.direction[name] for name, value in params.items()}
    assert relative_error(np.stack(readouts), whole.readouts) < EXACT
    assert difference(learner.params, expected) < EXACT
    assert difference(moved(learner.params, params), moved(expected, params)) < 1e-10


@pytest.mark.parametrize("optimiser", [SGD, optax.adam(RATE)], ids=["sgd", "adam"])
@pytest.mark.parametrize("update_every", [1, 4])
def test_a_hand_written_loop(update_every, optimiser):
    """Parameters that change under way, traces and states that are carried over the changes."""
    rule = HopTrace(hops=1)
    params, inputs, _ = example()
    stream = [(channels, n % 3) for n, channels in enumerate(np.concatenate([inputs, -inputs]))]
    learner = StreamingLearner(NETWORK, rule, optimiser, params=params, update_every=update_every)
    readouts = [learner.step(*now) for now in stream]

    @jit
    def step(params, memory, channels, target):
        return rule.step(NETWORK, params, memory, channels, lambda readout: error(readout, target))

    memory, state = rule.init_memory(NETWORK, params), optimiser.init(params)
    gathered = jax.tree.map(jnp.zeros_like, params)
    for n, (channels, target) in enumerate(stream):
        memory, readout, direction = step(params, memory, channels, jnp.asarray(target))
        assert relative_error(readouts[n], readout) < EXACT
        gathered = jax.tree.map(jnp.add, gathered, direction)
        if (n + 1) % update_every == 0:
            mean = {name: value / update_every for name, value in gathered.items()}
            with jax.numpy_dtype_promotion("standard"):
                change, state = optimiser.update(mean, state, params)
            params = optax.apply_updates(params, change)
            gathered = jax.tree.map(jnp.zeros_like, params)
    assert difference(learner.params, params) < EXACT
    assert difference(params, example()[0]) > 1e-3, "nothing was learned"


def test_memory_is_constant_and_nothing_is_compiled_again():
    params, inputs, target = example()
    learner = StreamingLearner(NETWORK, Rtrl(), SGD, params=params, update_every=2)

    def shapes():
        return [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(learner._state)]

    learner.step(inputs[0], target)
    before, compiled = shapes(), learner._advance._cache_size()
    for _ in range(5):
        for channels in inputs:
            learner.step(channels, target)
    assert shapes() == before
    assert learner._advance._cache_size() == compiled == 1
    other = StreamingLearner(NETWORK, Rtrl(), SGD, seed=1, update_every=2)
    assert other._advance is learner._advance, "equal learners share what is compiled"


def test_a_learner_and_its_parameters_are_let_go():
    learner = StreamingLearner(NETWORK, Rtrl(), SGD, seed=1, update_every=2)
    learner.step(np.zeros(3), 0)
    kept = [weakref.ref(learner), *map(weakref.ref, jax.tree.leaves(learner._state))]
    del learner
    gc.collect()
    assert [ref() for ref in kept] == [None] * len(kept)


def test_what_is_computed_from_a_wiring_goes_with_it():
    network = grid(3, 3)
    tables = influence_pairs(network.wiring, 1), skew_tables(network.wiring)
    assert influence_pairs(network.wiring, 1) is tables[0], "computed once"
    assert skew_tables(network.wiring) is tables[1]
    LeakyLearner(network, HopTrace(1), kernel_name="skewed_traces")
    kept = [weakref.ref(network.wiring), *map(weakref.ref, tables)]
    del network, tables
    gc.collect()
    assert [ref() for ref in kept] == [None] * 3


def test_an_endless_stream_is_learned():
    """One class for a while: the readout comes to say so, as loud as a tanh can (0.787)."""
    rng = np.random.default_rng(0)
    learner = StreamingLearner(NETWORK, HopTrace(hops=1), SGD, seed=4)
    chances = [jax.nn.softmax(learner.step(rng.standard_normal(3), 1))[1] for _ in range(200)]
    assert chances[0] < 0.5
    assert np.mean(chances[-50:]) > 0.7


def test_reset_forgets_the_past_alone():
    params, inputs, target = example()
    frozen = StreamingLearner(NETWORK, HopTrace(hops=1), optax.sgd(0.0), params=params)
    first, second = frozen.step(inputs[0], target), frozen.step(inputs[0], target)
    assert not np.allclose(first, second, atol=1e-3)
    frozen.reset()
    assert np.array_equal(frozen.step(inputs[0], target), first)
    # The update that was under way is kept: only states and traces are forgotten.
    learner = StreamingLearner(NETWORK, HopTrace(hops=1), SGD, params=params, update_every=2)
    learner.step(inputs[0], target)
    learner.reset()
    assert difference(learner.params, params) == 0
    learner.step(inputs[0], target)
    assert difference(learner.params, params) > 0


def test_a_seed_decides_parameters_and_noise():
    rule = HopTrace(hops=1, non_idealities=NonIdealities(message_noise=0.5))
    _, inputs, target = example()
    params = []
    for seed in (1, 1, 2):
        learner = StreamingLearner(NETWORK, rule, SGD, seed=seed)
        learner.step(inputs[0], target)
        params.append(learner.params)
    assert difference(params[0], params[1]) == 0
    assert difference(params[0], params[2]) > 0.1


def test_noise_is_fresh_at_every_step():
    rule = HopTrace(hops=1, non_idealities=NonIdealities(message_noise=0.5))
    params, inputs, target = example()
    learner = StreamingLearner(NETWORK, rule, SGD, params=params, update_every=100)
    steps = []
    for _ in range(3):
        before = learner._state.direction
        learner.reset()
        learner.step(inputs[0], target)
        steps.append(moved(learner._state.direction, before))
    assert difference(steps[0], steps[1]) > 1e-2
    assert difference(steps[1], steps[2]) > 1e-2


def test_what_cannot_learn_from_a_stream_is_refused():
    with pytest.raises(ValueError, match=r"Bptt needs the whole sequence .* use hop_trace or rtrl"):
        StreamingLearner(NETWORK, Bptt(), SGD)
    with pytest.raises(ValueError, match="update_every is 0, expected 1 or more"):
        StreamingLearner(NETWORK, Rtrl(), SGD, update_every=0)


@pytest.mark.parametrize("shape", [(4,), (), (1, 3)])
def test_a_step_of_another_shape_is_refused(shape):
    learner = StreamingLearner(NETWORK, Rtrl(), SGD)
    with pytest.raises(ValueError, match=r"expected \(3,\)"):
        learner.step(np.zeros(shape), 0)


@pytest.mark.parametrize("target", [-1, 3, 1.5])
def test_a_class_that_does_not_exist_is_refused(target):
    learner = StreamingLearner(network_on(Grid(3, 3)), Rtrl(), SGD)
    with pytest.raises(ValueError, match=r"target is .*, expected a class in 0\.\.2"):
        learner.step(np.zeros(3), target)
