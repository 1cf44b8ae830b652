"""What every schedule must do."""

import dataclasses
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.core.cell import AbstractCell
from latticework.core.schedule import AbstractSchedule, Messages, Step
from latticework.schedules import SCHEDULES
from latticework.topologies import Diagonal, SmallWorld, Tree
from support.instances import instances
from support.probe import CELL, jit

TOPOLOGIES = [SmallWorld(3, 3, 5), Tree(5, 2), Diagonal(4, 3, 2)]


@dataclass(frozen=True)
class Injected(AbstractCell):
    """CELL with something added to its output, so that its message can be differentiated."""

    @property
    def param_names(self):
        return (*CELL.param_names, "injected")

    def init(self, key, wiring):
        return {**CELL.init(key, wiring), "injected": jnp.zeros(wiring.num_cells)}

    def update(self, params, state, inputs):
        return CELL.update(params, state, inputs)

    def output(self, params, state):
        return CELL.output(params, state) + params["injected"]


def check_schedule(schedule: AbstractSchedule, topology) -> None:
    wiring, cell = topology.wiring, Injected()
    rng = np.random.default_rng(2)
    params = cell.init(jax.random.key(0), wiring)
    params = {name: jnp.asarray(value, jnp.float64) for name, value in params.items()}
    state, channels, direct = (
        jnp.asarray(rng.standard_normal(size))
        for size in (wiring.num_cells, wiring.num_channels, wiring.num_cells)
    )

    def run(params, state, channels, direct):
        now = schedule.step(cell, wiring, params, state, channels)
        partials = cell.partials(params, state, now.inputs)
        messages = schedule.messages(wiring, partials, direct, lambda raw, _: raw)
        halved = schedule.messages(wiring, partials, direct, lambda raw, _: raw / 2)

        def weighted(injected):
            params_now = {**params, "injected": injected}
            return direct @ schedule.step(cell, wiring, params_now, state, channels).output

        return now, messages, halved, jax.grad(weighted)(params["injected"])

    now, messages, halved, adjoint = jit(run)(params, state, channels, direct)
    assert np.allclose(now.state, cell.update(params, state, now.inputs), atol=1e-14)
    assert np.allclose(now.output, cell.output(params, now.state), atol=1e-14)
    if schedule.is_within_step:
        check_same_step(wiring, now, channels)
    assert np.allclose(messages.raw, messages.read, atol=0)
    assert np.allclose(messages.raw, adjoint, atol=1e-13)
    # What is read is passed on, so a factor on reading compounds.
    assert np.allclose(halved.read, halved.raw / 2, atol=1e-14)
    last = wiring.depth == wiring.max_depth
    assert np.allclose(halved.raw[last], messages.raw[last], atol=1e-14)
    if wiring.max_depth:
        assert not np.allclose(halved.raw, messages.raw, atol=1e-6)


def check_same_step(wiring, now, channels) -> None:
    for cell in range(wiring.num_cells):
        for slot in range(wiring.num_slots):
            source, channel = wiring.pred[cell, slot], wiring.channel[cell, slot]
            expected = 0.0
            if source >= 0:
                expected = now.output[source]
            elif channel >= 0:
                expected = channels[channel]
            assert abs(now.inputs[cell, slot] - expected) < 1e-14


@pytest.mark.parametrize("topology", TOPOLOGIES, ids=lambda t: type(t).__name__)
@pytest.mark.parametrize("schedule", instances(SCHEDULES))
def test_registered(schedule, topology):
    check_schedule(schedule, topology)


@dataclass(frozen=True)
class CellByCell(AbstractSchedule):
    """The wavefront without any vector operation."""

    forgets_last: bool = False
    is_deaf: bool = False

    @property
    def is_within_step(self):
        return True

    def step(self, cell, wiring, params, state, channels):
        inputs = jnp.zeros(wiring.pred.shape, state.dtype)
        output = jnp.zeros_like(state)
        for k in range(wiring.num_cells):
            visible = jnp.concatenate([output, channels, jnp.zeros(1, state.dtype)])
            inputs = inputs.at[k].set(visible[wiring.source[k]])
            output = cell.output(params, cell.update(params, state, inputs))
        new_state = cell.update(params, state, inputs)
        if self.forgets_last:
            inputs = inputs.at[-1].set(0.0)
        return Step(inputs, new_state, output)

    def messages(self, wiring, partials, direct, read):
        gain = partials.output_by_state[:, None] * partials.state_by_input
        raw, heard = direct, direct
        for k in reversed(range(wiring.num_cells)):
            heard = heard.at[k].set(read(raw[k : k + 1], jnp.array([k]))[0])
            for slot in range(wiring.num_slots):
                source = wiring.pred[k, slot]
                if source >= 0 and not self.is_deaf:
                    raw = raw.at[source].add(heard[k] * gain[k, slot])
        return Messages(raw, heard)


def test_a_new_schedule_is_covered(monkeypatch):
    monkeypatch.setitem(SCHEDULES.entries, "cell_by_cell", CellByCell)
    names = [param.id for param in instances(SCHEDULES)]
    assert "cell_by_cell-0" in names
    check_schedule(SCHEDULES["cell_by_cell"](), TOPOLOGIES[0])


@pytest.mark.parametrize("fault", ["forgets_last", "is_deaf"])
def test_a_broken_schedule_is_caught(fault):
    broken = dataclasses.replace(CellByCell(), **{fault: True})
    with pytest.raises(AssertionError):
        check_schedule(broken, TOPOLOGIES[0])
