"""What every cell must do."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.cells import CELLS, LeakyTanh
from latticework.core.cell import AbstractCell, autodiff_partials
from latticework.topologies import SmallWorld
from support.instances import instances
from support.probe import jit

# Slots without a weight, and cells with one to four inputs.
WIRING = SmallWorld(3, 2, 3).wiring
LANES = 2


def check_cell(cell: AbstractCell) -> None:
    check_init(cell)
    params = _double(cell.init(jax.random.key(1), WIRING))
    rng = np.random.default_rng(3)
    state = jnp.asarray(rng.standard_normal((WIRING.num_cells, LANES)))
    inputs = jnp.asarray(rng.standard_normal((*WIRING.pred.shape, LANES)))
    with_lanes = {name: value[..., None] for name, value in params.items()}

    @jit
    def both(params, state, inputs):
        ours = cell.partials(params, state, inputs)
        return (
            ours,
            autodiff_partials(cell, params, state, inputs),
            _step(cell)(params, state, inputs),
        )

    ours, truth, steps = both(with_lanes, state, inputs)
    assert steps.shape == (2, WIRING.num_cells, LANES)
    assert np.all(np.isfinite(steps))
    _assert_close(ours, truth)
    check_lanes(cell, params, state, inputs, ours, steps)
    check_locality(cell, params, state[:, 0], inputs[..., 0])
    check_precision(cell)


def check_init(cell: AbstractCell) -> None:
    """A draw is finite float32, one row per cell, nothing where no weight is owned."""
    params = cell.init(jax.random.key(1), WIRING)
    assert tuple(params) == cell.param_names
    again, other = (cell.init(jax.random.key(seed), WIRING) for seed in (1, 2))
    for name, value in params.items():
        assert value.dtype == jnp.float32
        assert value.shape in (WIRING.pred.shape, WIRING.pred.shape[:1])
        assert np.all(np.isfinite(value))
        assert np.array_equal(value, again[name])
        if value.ndim == 2:
            assert not np.any(np.asarray(value)[~WIRING.has_weight]), "a padding slot has a weight"
    assert any(not np.array_equal(params[name], other[name]) for name in params)
    assert cell.num_parameters(WIRING) == sum(
        int(WIRING.has_weight.sum()) if v.ndim == 2 else WIRING.num_cells for v in params.values()
    )


def check_lanes(cell, params, state, inputs, partials, steps) -> None:
    """Trailing axes are examples: each equals the cell without them."""
    alone = jit(lambda p, s, u: (cell.partials(p, s, u), _step(cell)(p, s, u)))
    for lane in range(LANES):
        one, step = alone(params, state[:, lane], inputs[..., lane])
        picked = jax.tree.map(lambda leaf, n=lane: leaf[..., n], partials)
        _assert_close(picked, one)
        assert np.allclose(steps[..., lane], step, atol=1e-14)


def check_locality(cell, params, state, inputs) -> None:
    """A cell sees its own row alone, which is what makes `autodiff_partials` right."""

    def of_state(state):
        return _step(cell)(params, state, inputs)

    jacobian = np.asarray(jit(jax.jacfwd(of_state))(state))
    for part in jacobian:
        assert np.array_equal(part, np.diag(np.diag(part))), "a cell looks at another's state"


def check_precision(cell: AbstractCell) -> None:
    """Float32 in, float32 out."""
    params = jax.eval_shape(lambda: cell.init(jax.random.key(0), WIRING))
    state = jax.ShapeDtypeStruct((WIRING.num_cells,), jnp.float32)
    inputs = jax.ShapeDtypeStruct(WIRING.pred.shape, jnp.float32)
    for made in jax.tree.leaves(jax.eval_shape(cell.partials, params, state, inputs)):
        assert made.dtype == jnp.float32


def _step(cell: AbstractCell):
    def step(params, state, inputs):
        new_state = cell.update(params, state, inputs)
        return jnp.stack([new_state, cell.output(params, new_state)])

    return step


def _double(params: dict) -> dict:
    return {name: jnp.asarray(value, jnp.float64) for name, value in params.items()}


def _assert_close(got, expected) -> None:
    assert jax.tree.structure(got) == jax.tree.structure(expected)
    for ours, truth in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        assert ours.shape == truth.shape
        assert np.allclose(ours, truth, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("cell", instances(CELLS))
def test_registered(cell):
    check_cell(cell)


@dataclass(frozen=True)
class Softsign(AbstractCell):
    """A filter with a parameter in its output and no closed form: the partials are autodiff's."""

    mixes_cells: bool = False
    wrong_partials: bool = False
    weighs_padding: bool = False

    @property
    def param_names(self):
        return ("weight", "slope", "retention")

    def init(self, key, wiring):
        weight_key, slope_key = jax.random.split(key)
        weight = jax.random.normal(weight_key, wiring.pred.shape, jnp.float32)
        if not self.weighs_padding:
            weight = jnp.where(wiring.has_weight, weight, 0)
        return {
            "weight": weight,
            "slope": 1 + 0.1 * jax.random.normal(slope_key, (wiring.num_cells,), jnp.float32),
            "retention": jnp.zeros(wiring.num_cells, jnp.float32),
        }

    def update(self, params, state, inputs):
        kept = jax.nn.sigmoid(params["retention"])
        drive = jnp.sum(params["weight"] * jnp.sin(inputs), axis=1)
        if self.mixes_cells:
            drive = drive + 0.1 * state[::-1]
        return kept * state + (1 - kept) * drive

    def output(self, params, state):
        scaled = params["slope"] * state
        return scaled / (1 + jnp.abs(scaled))

    def partials(self, params, state, inputs):
        made = autodiff_partials(self, params, state, inputs)
        if self.wrong_partials:
            return made._replace(output_by_state=0.9 * made.output_by_state)
        return made


def test_a_new_cell_is_covered(monkeypatch):
    monkeypatch.setitem(CELLS.entries, "softsign", Softsign)
    (new,) = [param.values[0] for param in instances(CELLS) if param.id.startswith("softsign")]
    check_cell(new)


@pytest.mark.parametrize("fault", ["mixes_cells", "wrong_partials", "weighs_padding"])
def test_a_broken_cell_is_caught(fault):
    with pytest.raises(AssertionError):
        check_cell(Softsign(**{fault: True}))


def test_the_published_draw_does_not_depend_on_the_mode():
    """Float32 draws in 64-bit mode, too: a seed means the same everywhere."""
    wide = LeakyTanh().init(jax.random.key(0), WIRING)
    with jax.enable_x64(False):
        narrow = LeakyTanh().init(jax.random.key(0), WIRING)
    for name, value in wide.items():
        assert np.array_equal(value, narrow[name])
