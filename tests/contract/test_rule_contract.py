"""What every rule must do. `test_rules_and_kernels` runs it on every topology."""

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_cell_contract import Softsign
from test_topology_contract import Skips

from latticework.core.loss import readout_gradient
from latticework.core.network import Network
from latticework.core.rule import AbstractOnlineRule, AbstractRule, RuleResult
from latticework.models import leaky_network
from latticework.rules import RULES, Bptt, HopTrace
from latticework.topologies import Grid, SmallWorld
from support.instances import instances
from support.probe import (
    EXACT,
    MODES,
    assert_alive,
    cosine,
    flat,
    jit,
    network_on,
    probe,
    registered_tasks,
    relative_error,
    results,
)

MEASURABLE = 1e-4
"""Relative error above which a truncation is no rounding."""


def check_rule(rule: AbstractRule, network: Network, mode: str, along: tuple = ()) -> None:
    """`along` names the tasks that are computed in the same compilation."""
    rule.check(network)
    check_statements(rule, network)
    assert_alive(network)
    everything = results(network, along or ((Bptt(), mode), (rule, mode)))
    said, truth = everything[rule, mode], everything[Bptt(), mode]
    params, _, _ = probe(network)
    assert set(said.direction) == set(params)
    for name, value in said.direction.items():
        assert value.shape[1:] == params[name].shape
        assert value.dtype == params[name].dtype
        assert np.all(np.isfinite(value))
    assert relative_error(said.loss, truth.loss) < EXACT
    assert relative_error(said.readouts, truth.readouts) < EXACT
    if network.wiring.num_classes == 1:
        assert not flat(truth.direction).any(), "one class leaves nothing to learn"
        assert not flat(said.direction).any()
    else:
        check_direction(rule, network, said, truth)


def check_direction(
    rule: AbstractRule, network: Network, said: RuleResult, truth: RuleResult
) -> None:
    assert np.linalg.norm(flat(truth.direction), axis=1).min() > 1e-3, "the gradient vanishes"
    error = relative_error(flat(said.direction), flat(truth.direction))
    if rule.exact_when(network):
        assert error < EXACT, f"claims to be exact, but is off by {error:.1e}"
    else:
        assert error > MEASURABLE, f"claims not to be exact, but is off by {error:.1e} only"
        assert cosine(said.direction, truth.direction) > 0, "points uphill"


def check_statements(rule: AbstractRule, network: Network) -> None:
    assert rule.requires == rule.requires.strip() != ""
    short, long = (rule.memory(network, num_steps) for num_steps in (1, 1000))
    assert 0 < short < math.inf
    assert long >= short
    if isinstance(rule, AbstractOnlineRule):
        assert long == short, "an online rule keeps the same whatever the length"


@pytest.mark.all
def test_gradient_is_the_sum_of_the_steps():
    network = network_on(SmallWorld(4, 3, num_long_edges=5))
    tasks = [task for task in registered_tasks(network) if isinstance(task[0], AbstractOnlineRule)]
    params, inputs, targets = probe(network)
    everything = results(network, registered_tasks(network))
    readouts, target = map(jnp.asarray, (everything[Bptt(), "sum"].readouts[0], targets[0]))
    signals = {mode: readout_gradient(readouts, target, mode) for mode in MODES}

    @jit
    def steps(memories, channels, signal):
        return [
            rule.step(network, params, memory, channels, lambda _, mode=mode: signal[mode])
            for (rule, mode), memory in zip(tasks, memories, strict=True)
        ]

    memories = [rule.init_memory(network, params) for rule, _ in tasks]
    total: list = [0.0] * len(tasks)
    for t, channels in enumerate(inputs[0]):
        made = steps(memories, channels, {mode: signal[t] for mode, signal in signals.items()})
        memories = [step.memory for step in made]
        for n, step in enumerate(made):
            assert relative_error(step.readout, readouts[t]) < EXACT
            total[n] = total[n] + _vector(step.direction)
    for task, direction in zip(tasks, total, strict=True):
        assert relative_error(direction, flat(everything[task].direction)[0]) < EXACT, task


def _vector(direction: dict) -> np.ndarray:
    return np.concatenate([np.asarray(value).ravel() for value in direction.values()])


@pytest.mark.parametrize("rule", instances(RULES))
def test_single_precision_stays_single(rule):
    network = network_on(Grid(4, 3))
    params = jax.eval_shape(lambda: network.init(jax.random.key(0)))
    made = jax.eval_shape(
        lambda p, x, t: rule.gradient(network, p, x, t, loss_mode="per_t"),
        params,
        jax.ShapeDtypeStruct((5, 4), np.float32),
        jax.ShapeDtypeStruct((), np.int32),
    )
    assert {leaf.dtype for leaf in jax.tree.leaves(made)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("rule", instances(RULES))
def test_an_unknown_loss_mode_is_refused(rule):
    network = network_on(Grid(1, 1))
    params, inputs, targets = probe(network)
    with pytest.raises(ValueError, match=r"loss mode 'last' is not known.*sum, per_t"):
        rule.gradient(network, params, inputs[0], targets[0], loss_mode="last")


@pytest.mark.parametrize("rule", instances(RULES))
def test_inputs_that_do_not_fit_are_refused(rule):
    network = network_on(Grid(4, 3))
    params, inputs, targets = probe(network)
    with pytest.raises(ValueError, match=r"takes \[\.\.\., time, 4\]"):
        rule.gradient(network, params, inputs[0][:, :3], targets[0], loss_mode="sum")


@dataclass(frozen=True)
class Scaled(AbstractRule):
    """The true gradient times something, with a claim about it."""

    factor: float = 0.5
    claims_exact: bool = False

    @property
    def requires(self):
        return "nothing"

    def check(self, network):
        pass

    def exact_when(self, network):
        return self.claims_exact

    def memory(self, network, num_steps):
        return 1.0

    def gradient(self, network, params, inputs, target, *, loss_mode, key=None):
        true = Bptt().gradient(network, params, inputs, target, loss_mode=loss_mode)
        scaled = {name: self.factor * value for name, value in true.direction.items()}
        return RuleResult(scaled, true.loss, true.readouts)


@dataclass(frozen=True)
class Incongruent(Scaled):
    """Leaves a group out."""

    def gradient(self, network, params, inputs, target, *, loss_mode, key=None):
        made = Scaled().gradient(network, params, inputs, target, loss_mode=loss_mode)
        return made._replace(direction={"bias": made.direction["bias"]})


@dataclass(frozen=True)
class Forgetful(Scaled):
    """Says that it needs less memory for more."""

    def memory(self, network, num_steps):
        return 1.0 / num_steps


SMALL = Grid(1, 3)


def test_a_new_rule_is_covered(monkeypatch):
    monkeypatch.setitem(RULES.entries, "scaled", Scaled)
    (new,) = [param.values[0] for param in instances(RULES) if param.id.startswith("scaled")]
    check_rule(new, network_on(SMALL), "sum")


@pytest.mark.parametrize(
    "broken",
    [
        Scaled(claims_exact=True),
        Scaled(factor=1.0),
        Scaled(factor=-1.0),
        Scaled(factor=math.nan),
        Incongruent(),
        Forgetful(),
    ],
)
def test_a_broken_rule_is_caught(broken):
    with pytest.raises(AssertionError):
        check_rule(broken, network_on(SMALL), "sum")


def test_a_new_topology_meets_the_rules():
    network = network_on(Skips(4))
    tasks = tuple((rule, "per_t") for rule in (Bptt(), HopTrace(hops=1), HopTrace(hops=2)))
    for rule, mode in tasks:
        check_rule(rule, network, mode, along=tasks)
    # Skipping edges: everything is two hops away at most, though the chain is three long.
    assert network.wiring.max_depth == 3
    assert HopTrace(hops=2).exact_when(network)


def test_a_new_cell_meets_the_rules():
    tasks = tuple((rule, "sum") for rule in (Bptt(), HopTrace(hops=1), HopTrace(hops=3)))
    for rule, mode in tasks:
        check_rule(rule, leaky_network(Grid(3, 2), Softsign()), mode, along=tasks)


@dataclass(frozen=True)
class Dead(Softsign):
    """Weighs nothing."""

    def init(self, key, wiring):
        drawn = super().init(key, wiring)
        return {**drawn, "weight": 0 * drawn["weight"]}


def test_a_dead_network_is_caught():
    with pytest.raises(AssertionError, match="does not move"):
        check_rule(Bptt(), leaky_network(SMALL, Dead()), "sum")
