"""What every kernel must do: say no in words, or equal the reference.

`test_rules_and_kernels` runs it on every topology.
"""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.core.learner import Updates
from latticework.core.network import Network
from latticework.core.rule import RuleResult
from latticework.kernels import AUTO, KERNELS, AbstractKernel, Problem, choose_kernel
from latticework.kernels.reference import ReferenceKernel
from latticework.models import LeakyLearner
from latticework.rules import Bptt, Broadcast, HopTrace, NonIdealities, Rtrl
from latticework.topologies import Grid, SmallWorld
from support.probe import (
    Task,
    gradients,
    jit,
    network_on,
    probe,
    registered_tasks,
    relative_error,
    stacked,
)

EXACT = 1e-12
IMPERFECT = NonIdealities(
    trace_leak=0.2, gain_positive=0.9, gain_negative=1.2, subtraction_bias=0.1
)
IMPERFECT_TASKS = (
    (HopTrace(hops=1, non_idealities=IMPERFECT), "sum"),
    (HopTrace(hops=2, non_idealities=IMPERFECT), "per_t"),
    (HopTrace(hops=1, signal=Broadcast(), non_idealities=IMPERFECT), "per_t"),
    (HopTrace(hops=0, non_idealities=NonIdealities(gain_positive=0.5)), "sum"),
)
NUM_SEEDS, BATCH = 2, 3


class Batch(NamedTuple):
    """Two seeds with different parameters, three examples each."""

    params: dict
    inputs: jax.Array
    targets: jax.Array


def batch_for(network: Network) -> Batch:
    params, inputs, targets = probe(network, num_examples=NUM_SEEDS * BATCH)
    params = {name: jnp.stack([value, 0.8 * value]) for name, value in params.items()}
    shape = (NUM_SEEDS, BATCH)
    return Batch(params, inputs.reshape(*shape, *inputs.shape[1:]), targets.reshape(shape))


@cache
def reference(network: Network, tasks: tuple[Task, ...]) -> dict[Task, list[list[RuleResult]]]:
    """What the rules say of each example, `[seed][example]`, without any mapping over axes."""
    params, inputs, targets = batch_for(network)
    compute = gradients(network, tasks)
    said = [
        [
            compute({name: value[seed] for name, value in params.items()}, *example)
            for example in zip(inputs[seed], targets[seed], strict=True)
        ]
        for seed in range(NUM_SEEDS)
    ]
    return {task: [[result[task] for result in row] for row in said] for task in tasks}


def check_kernels(
    kernels: tuple[type[AbstractKernel], ...],
    network: Network,
    tasks: tuple[Task, ...],
    along: tuple[Task, ...] = (),
) -> dict[str, int]:
    """Check `kernels` on every task; return how many each took.

    `along` names the tasks that the reference computes in one compilation.
    """
    todo = [(kernel, task) for kernel in kernels for task in tasks if takes(kernel, network, task)]
    first = {kernel: Problem(network, *task) for kernel, task in reversed(todo)}

    @jit
    def run(params, inputs, targets):
        made = [
            kernel(Problem(network, *task)).updates(params, inputs, targets)
            for kernel, task in todo
        ]
        return made, [
            kernel(problem).scores(params, inputs[0]) for kernel, problem in first.items()
        ]

    made, scores = run(*batch_for(network))
    said = reference(network, along or tasks)
    for (kernel, task), updates in zip(todo, made, strict=True):
        check_updates(f"{kernel.name} for {task}", updates, said[task], batch_for(network))
        check_single_precision(kernel, network, task)
    for kernel, got in zip(first, scores, strict=True):
        check_scores(kernel.name, network, got)
    return {kernel.name: sum(who is kernel for who, _ in todo) for kernel in kernels}


def takes(kernel: type[AbstractKernel], network: Network, task: Task) -> bool:
    """Whether `kernel` computes the task; one that does not says why."""
    refusal = kernel.refusal(Problem(network, *task))
    assert refusal is None or refusal == refusal.strip() != ""
    return refusal is None


def check_updates(who: str, updates: Updates, said: list[list[RuleResult]], batch: Batch) -> None:
    """Batch means of directions and losses, and the share of right predictions."""
    assert set(updates.direction) == set(batch.params)
    for seed in range(NUM_SEEDS):
        results = stacked(said[seed])
        for name, value in results.direction.items():
            got = np.asarray(updates.direction[name][seed])
            assert got.dtype == value.dtype
            error = relative_error(got, value.mean(axis=0))
            assert error < EXACT, f"{name} by {who} is off by {error:.1e}"
        assert relative_error(updates.loss[seed], results.loss.mean()) < EXACT, who
        right = results.readouts.sum(axis=1).argmax(axis=1) == np.asarray(batch.targets[seed])
        assert float(updates.correct[seed]) == pytest.approx(right.mean()), who


def check_scores(who: str, network: Network, scores: jax.Array) -> None:
    """Readouts summed over time, for every seed on the same examples."""
    params, inputs, _ = batch_for(network)
    for seed in range(NUM_SEEDS):
        own = {name: value[seed] for name, value in params.items()}
        expected = [forward(network)(own, one).readouts.sum(axis=0) for one in inputs[0]]
        assert relative_error(scores[seed], np.stack(expected)) < EXACT, f"scores by {who}"


@cache
def forward(network: Network):
    return jit(network.forward)


def check_single_precision(kernel: type[AbstractKernel], network: Network, task) -> None:
    params, inputs, targets = batch_for(network)

    def single(value):
        return jax.ShapeDtypeStruct(value.shape, jnp.float32)

    made = jax.eval_shape(
        kernel(Problem(network, *task)).updates,
        jax.tree.map(single, params),
        single(inputs),
        jax.ShapeDtypeStruct(targets.shape, jnp.int32),
    )
    assert {leaf.dtype for leaf in jax.tree.leaves(made)} == {jnp.dtype(jnp.float32)}


@pytest.mark.all
@pytest.mark.parametrize("topology", [Grid(4, 3), SmallWorld(4, 3, num_long_edges=5)])
def test_imperfect_hardware(topology):
    taken = check_kernels(tuple(KERNELS.values()), network_on(topology), IMPERFECT_TASKS)
    assert taken["reference"] == len(IMPERFECT_TASKS)


@pytest.mark.all
@pytest.mark.parametrize("noise", ["message_noise", "trace_noise"])
def test_noise_has_the_same_moments(noise):
    """Draws differ between kernels; their distribution must not."""
    network = network_on(Grid(3, 2))
    noisy = HopTrace(hops=1, non_idealities=NonIdealities(**{noise: 0.3}))
    problem = Problem(network, noisy, "sum")
    usable = [kernel for kernel in KERNELS.values() if kernel.refusal(problem) is None]
    assert ReferenceKernel in usable
    if usable != [ReferenceKernel]:
        reference = draws(ReferenceKernel, problem)
        for kernel in usable:
            if kernel is not ReferenceKernel:
                assert_same_moments(draws(kernel, problem), reference)


def draws(kernel: type[AbstractKernel], problem: Problem, count: int = 4000) -> np.ndarray:
    """Directions of one example with independent noise, `[draw, parameter]`; seeds are draws."""
    params, inputs, targets = probe(problem.network, num_examples=1)
    each = {name: jnp.broadcast_to(v, (count, *v.shape)) for name, v in params.items()}
    keys = jax.random.split(jax.random.key(0), count)
    inputs = jnp.broadcast_to(inputs[None], (count, *inputs.shape))
    targets = jnp.broadcast_to(targets[None], (count, *targets.shape))
    made = jit(kernel(problem).updates)(each, inputs, targets, keys).direction
    return np.concatenate([np.asarray(v).reshape(count, -1) for v in made.values()], axis=1)


def assert_same_moments(ours: np.ndarray, reference: np.ndarray) -> None:
    """Within five standard errors, for draws from a fixed key."""
    mean, std = reference.mean(axis=0), reference.std(axis=0)
    moves = std > 1e-12
    assert moves.sum() > 10
    assert np.allclose(ours.mean(axis=0)[~moves], mean[~moves], atol=1e-12)
    count = len(reference)
    z = np.abs(ours.mean(axis=0) - mean)[moves] / (std[moves] * np.sqrt(2 / count))
    assert z.max() < 5
    fourth = np.mean((reference - mean)[:, moves] ** 4, axis=0) / std[moves] ** 4
    standard_error = std[moves] * np.sqrt((fourth - 1) / (2 * count))
    assert (np.abs(ours.std(axis=0) - std)[moves] / standard_error).max() < 5


@dataclass(frozen=True)
class TwiceKernel(AbstractKernel):
    """The reference, or twice that."""

    name: ClassVar[str] = "twice"
    factor: ClassVar[float] = 2.0
    problem: Problem

    @classmethod
    def refusal(cls, problem):
        return None if isinstance(problem.rule, Bptt) else "it only does bptt"

    def updates(self, params, inputs, targets, key=None):
        made = ReferenceKernel(self.problem).updates(params, inputs, targets, key)
        scaled = {name: self.factor * value for name, value in made.direction.items()}
        return made._replace(direction=scaled)

    def scores(self, params, inputs):
        return ReferenceKernel(self.problem).scores(params, inputs)


@dataclass(frozen=True)
class OnceKernel(TwiceKernel):
    """The reference under another name."""

    name: ClassVar[str] = "once"
    factor: ClassVar[float] = 1.0


SMALL = network_on(Grid(1, 3))
SMALL_TASKS = ((Bptt(), "sum"), (Rtrl(), "per_t"))


def test_a_new_kernel_is_covered(monkeypatch):
    monkeypatch.setitem(KERNELS, "once", OnceKernel)
    assert OnceKernel in KERNELS.values()
    assert check_kernels((OnceKernel,), SMALL, SMALL_TASKS) == {"once": 1}


def test_a_broken_kernel_is_caught():
    with pytest.raises(AssertionError, match="by twice for"):
        check_kernels((TwiceKernel,), SMALL, SMALL_TASKS)


@pytest.mark.parametrize("network", [SMALL, network_on(SmallWorld(4, 3, num_long_edges=5))])
def test_auto_takes_the_first_that_does_not_refuse(network):
    for task in registered_tasks(network):
        problem = Problem(network, *task)
        chosen = choose_kernel(problem, AUTO)
        usable = [name for name, kernel in KERNELS.items() if kernel.refusal(problem) is None]
        assert chosen.name == usable[0]
        assert LeakyLearner(network, *task).kernel == chosen.name
        for name, kernel in KERNELS.items():
            if name in usable:
                assert type(choose_kernel(problem, name)) is kernel
            else:
                with pytest.raises(ValueError, match=r"does not apply: .*; these do: "):
                    choose_kernel(problem, name)


def test_an_unknown_kernel_is_refused():
    with pytest.raises(ValueError, match=r"no kernel named 'referense'; did you mean 'reference'"):
        choose_kernel(Problem(SMALL, Bptt(), "sum"), "referense")


def test_every_kernel_is_listed_under_its_name():
    assert all(kernel.name == name for name, kernel in KERNELS.items())
