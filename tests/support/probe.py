"""A live network and data to try rules on, and what rules say of it, computed once per process."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from latticework.cells import LeakyTanh
from latticework.core.loss import LossMode
from latticework.core.network import Network
from latticework.core.rule import AbstractRule, RuleResult
from latticework.core.topology import AbstractTopology
from latticework.models import leaky_network
from latticework.rules import RULES
from latticework.topologies import TOPOLOGIES
from support.instances import instances, values

# Chosen so that every cell moves, none is saturated, and what is remembered over the few steps of
# a sequence matters: otherwise a truncated rule would seem exact. `assert_alive` checks it.
CELL = LeakyTanh(tau_min=1e-3, tau_max=10e-3, weight_gain=2.0)
NUM_STEPS, NUM_EXAMPLES = 6, 3
EXACT = 1e-10
MODES: tuple[LossMode, ...] = get_args(LossMode)
FAST = {"xla_backend_optimization_level": 0}
"""Compile quickly rather than well."""


class Probe(NamedTuple):
    """Float64 parameters and a few examples `[example, time, channel]`."""

    params: dict
    inputs: jax.Array
    targets: jax.Array


def jit(f, **options):
    """`jax.jit` that spends less on compiling."""
    return jax.jit(f, compiler_options=FAST, **options)


@cache
def network_on(topology: AbstractTopology) -> Network:
    return leaky_network(topology, CELL)


def probe(network: Network, num_steps: int = NUM_STEPS, num_examples: int = NUM_EXAMPLES) -> Probe:
    drawn = network.init(jax.random.key(0))
    rng = np.random.default_rng(0)
    shape = (num_examples, num_steps, network.wiring.num_channels)
    noise, level = rng.standard_normal(shape), rng.standard_normal((num_examples, 1, shape[2]))
    inputs = 1.5 * noise + 0.75 * level
    return Probe(
        {name: jnp.asarray(value, jnp.float64) for name, value in drawn.items()},
        jnp.asarray(inputs),
        jnp.asarray(rng.integers(0, network.wiring.num_classes, num_examples), jnp.int32),
    )


Task = tuple[AbstractRule, LossMode]


@cache
def gradients(network: Network, tasks: tuple[Task, ...]) -> Callable[..., dict[Task, RuleResult]]:
    """`(params, inputs, target)` of one example to what each rule says of it.

    All in one compilation, most of whose cost does not depend on how much there is to compile.
    """

    @jit
    def said(params, inputs, target):
        return [
            rule.gradient(network, params, inputs, target, loss_mode=mode) for rule, mode in tasks
        ]

    return lambda *example: dict(zip(tasks, said(*example), strict=True))


@cache
def results(network: Network, tasks: tuple[Task, ...]) -> dict[Task, RuleResult]:
    """What each rule says of the probe's examples, with a leading example axis."""
    params, inputs, targets = probe(network)
    compute = gradients(network, tasks)
    each = [compute(params, *example) for example in zip(inputs, targets, strict=True)]
    return {task: stacked([result[task] for result in each]) for task in tasks}


def stacked(trees: list):
    return jax.tree.map(lambda *leaves: np.stack(leaves), *trees)


@cache
def registered_tasks(network: Network) -> tuple[Task, ...]:
    """Every registered rule: in both loss modes where it is exact, else by turns in one."""
    place = list(TOPOLOGIES.entries).index(TOPOLOGIES.name_of(network.topology))
    return tuple(
        (rule, mode)
        for n, rule in enumerate(values(instances(RULES)))
        for mode in (MODES if rule.exact_when(network) else MODES[(n + place) % 2 :][:1])
    )


def flat(direction: dict) -> np.ndarray:
    """`[example, parameter]`, groups by name: some dictionaries come back from JAX sorted."""
    groups = [np.asarray(direction[name]) for name in sorted(direction)]
    return np.concatenate([group.reshape(len(group), -1) for group in groups], axis=1)


def relative_error(got, expected) -> float:
    """Largest difference relative to the largest expected entry."""
    got, expected = np.asarray(got), np.asarray(expected)
    scale = np.abs(expected).max()
    return float(np.abs(got - expected).max() / (scale if scale else 1.0))


def cosine(got: dict, expected: dict) -> float:
    """Mean over examples of the cosine of two directions."""
    a, b = flat(got), flat(expected)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(np.mean(np.sum(a * b, axis=1) / lengths))


@cache
def assert_alive(network: Network) -> None:
    """Fail when a test on the probe would mean nothing: dead or saturated cells."""
    params, inputs, _ = probe(network)
    forward = jit(jax.vmap(network.forward, in_axes=(None, 0)))
    outputs = np.asarray(forward(params, inputs).outputs)
    assert np.all(np.isfinite(outputs))
    assert outputs.std(axis=(0, 1)).min() > 1e-2, "a cell does not move"
    assert np.abs(outputs).mean() < 0.8, "the cells are saturated"
