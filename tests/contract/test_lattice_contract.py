"""What every lattice with cycles, and every cell, schedule and readout on one, must do.

The arbiter is a loop over single cells in numpy, written from the definitions.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.cells import LATTICE_CELLS, NeighbourMix
from latticework.readouts import LATTICE_READOUTS, SlabLinear
from latticework.schedules import LATTICE_SCHEDULES, Blocked
from latticework.topologies import LATTICES, Lattice
from support.instances import instances


def double(params):
    """Float64 copies, shaken so that no entry is special."""
    rng = np.random.default_rng(0)
    return jax.tree.map(
        lambda v: jnp.asarray(np.asarray(v) + 0.1 * rng.standard_normal(v.shape)), params
    )


@pytest.mark.parametrize("lattice", instances(LATTICES))
def test_topology(lattice):
    table, offsets = lattice.neighbours, lattice.offsets
    assert table.shape == (lattice.num_cells, lattice.num_slots)
    assert len({tuple(offset) for offset in offsets}) == len(offsets)
    assert sorted(map(tuple, offsets)) == sorted(map(tuple, -offsets)), "who sees is seen"
    assert [tuple(o) for o in offsets] == sorted(map(tuple, offsets)), "row-major slots"
    assert lattice.halo == np.abs(offsets).max() == lattice.radius
    places = list(itertools.product(*map(range, lattice.shape)))
    for cell, place in enumerate(places):
        for slot, offset in enumerate(offsets):
            there = tuple(np.add(place, offset))
            if lattice.is_torus:
                there = tuple(np.mod(there, lattice.shape))
            expected = places.index(there) if there in places else -1
            assert table[cell, slot] == expected
    assert (table == np.arange(lattice.num_cells)[:, None]).sum() == lattice.num_cells


def test_published_slots():
    lattice = Lattice((4, 4, 4))
    assert lattice.num_slots == 27
    assert [tuple(lattice.offsets[d]) for d in (0, 13, 22)] == [(-1, -1, -1), (0, 0, 0), (1, 0, 0)]
    for d, (a, b, c) in enumerate(itertools.product(range(3), repeat=3)):
        assert tuple(lattice.offsets[d] + 1) == (a, b, c)
        assert d == 9 * a + 3 * b + c
    assert Lattice((3, 3, 3), "von_neumann").num_slots == 7
    assert Lattice((9, 9), "von_neumann", radius=2).num_slots == 13


@pytest.mark.parametrize("cell", instances(LATTICE_CELLS))
@pytest.mark.parametrize("lattice", instances(LATTICES))
def test_cell(cell, lattice):
    params = cell.init(jax.random.key(0), lattice)
    assert tuple(sorted(params)) == tuple(sorted(cell.param_names))
    for value in params.values():
        assert value.dtype == jnp.float32
        assert value.shape[-len(lattice.shape) :] == lattice.shape
    rng = np.random.default_rng(1)
    params = double(params)
    state = jnp.asarray(rng.standard_normal(lattice.shape))
    seen = jnp.asarray(rng.standard_normal((lattice.num_slots, *lattice.shape)))
    update = jax.jit(cell.update)
    new = update(params, state, seen)
    assert new.shape == lattice.shape
    # A cell knows nothing of the others.
    at = tuple(size - 1 for size in lattice.shape)
    alone = {name: value[(..., *at)][..., None] for name, value in params.items()}
    one = update(alone, state[at][None], seen[(slice(None), *at)][:, None])
    assert np.allclose(one[0], new[at], atol=1e-14)


def by_hand(schedule: Blocked, cell, lattice, params, state: np.ndarray) -> np.ndarray:
    """A sweep cell by cell: every block has its own copy of the world, stale outside of it."""
    result, update = np.array(state), jax.jit(cell.update)
    blocks = itertools.product(
        *(range(0, n, b) for n, b in zip(lattice.shape, schedule.block_shape, strict=True))
    )
    halo = lattice.halo
    for corner in blocks:
        own = list(
            itertools.product(
                *(range(c, c + b) for c, b in zip(corner, schedule.block_shape, strict=True))
            )
        )
        window = list(
            itertools.product(
                *(
                    range(c - halo, c + b + halo)
                    for c, b in zip(corner, schedule.block_shape, strict=True)
                )
            )
        )

        def value(place):
            if lattice.is_torus:
                return state[tuple(np.mod(place, lattice.shape))]
            inside = all(0 <= p < n for p, n in zip(place, lattice.shape, strict=True))
            return state[place] if inside else 0.0

        world = {place: value(place) for place in window}
        for _ in range(schedule.inner_steps):
            values = np.array(list(world.values()))
            mean, sd = (values.mean(), values.std()) if schedule.block_norm else (0.0, 1.0)
            eps = schedule.eps if schedule.block_norm else 0.0
            seen = np.array(
                [
                    [(world[tuple(np.add(p, o))] - mean) / (sd + eps) for p in own]
                    for o in lattice.offsets
                ]
            )
            at = (..., *np.transpose(own))
            some = {name: jnp.asarray(np.asarray(v)[at]) for name, v in params.items()}
            values = jnp.asarray([world[p] for p in own])
            now = np.asarray(update(some, values, jnp.asarray(seen)))
            world.update(zip(own, now, strict=True))
        for place in own:
            result[place] = world[place]
    return result


SWEEPS = [
    (Lattice((4, 2, 3)), Blocked((2, 2, 3), 2)),
    (Lattice((4, 4), "von_neumann"), Blocked((2, 4), 3, block_norm=True, eps=0.1)),
    (Lattice((4, 6), radius=2), Blocked((2, 2), 2)),
    (Lattice((3, 3, 4), edge="torus"), Blocked((3, 1, 2), 2, block_norm=True)),
]


@pytest.mark.parametrize("number", range(len(SWEEPS)))
def test_sweep_against_single_cells(number):
    lattice, schedule = SWEEPS[number]
    names = list(LATTICE_CELLS)
    cell = LATTICE_CELLS[names[number % len(names)]]()
    schedule.check(lattice)
    params = double(cell.init(jax.random.key(2), lattice))
    state = np.random.default_rng(3).standard_normal(lattice.shape)
    got = jax.jit(lambda p, s: schedule.sweep(cell, lattice, p, s))(params, jnp.asarray(state))
    assert np.allclose(got, by_hand(schedule, cell, lattice, params, state), atol=1e-12)


@pytest.mark.parametrize("schedule", instances(LATTICE_SCHEDULES))
def test_schedules_are_listed(schedule):
    assert LATTICE_SCHEDULES.name_of(schedule) == "blocked"


def test_what_blocks_mean():
    """No step is the identity; one step does not see the blocks; more do."""
    lattice, cell = Lattice((4, 4)), NeighbourMix("tanh")
    params = double(cell.init(jax.random.key(0), lattice))
    state = jnp.asarray(np.random.default_rng(0).standard_normal(lattice.shape))

    def sweep(*args):
        schedule = Blocked(*args)
        return np.asarray(jax.jit(lambda p, s: schedule.sweep(cell, lattice, p, s))(params, state))

    assert np.array_equal(sweep((2, 2), 0), state)
    assert np.allclose(sweep((2, 2), 1), sweep((4, 4), 1), atol=1e-15)
    assert not np.allclose(sweep((2, 2), 2), sweep((4, 4), 2), atol=1e-3)
    params = {name: 0 * value for name, value in params.items()}
    assert np.array_equal(sweep((2, 2), 2), state)


@pytest.mark.parametrize("readout", instances(LATTICE_READOUTS))
def test_readout(readout):
    lattice = Lattice((2, 3, 4))
    params = double(readout.init(jax.random.key(0), lattice, 5))
    state = np.random.default_rng(0).standard_normal(lattice.shape)
    slab = np.array(
        [state[i, j, k] for i in range(2) for j in range(3) for k in range(4 - readout.layers, 4)]
    )
    norm = (slab - slab.mean()) / np.sqrt(slab.var() + readout.eps)
    norm = norm * np.asarray(params["norm"]["weight"]) + np.asarray(params["norm"]["bias"])
    expected = np.asarray(params["proj"]["weight"]) @ norm + np.asarray(params["proj"]["bias"])
    assert np.allclose(readout.read(params, jnp.asarray(state)), expected, atol=1e-13)
    changed = state.copy()
    changed[..., : 4 - readout.layers] += 1
    assert np.allclose(readout.read(params, jnp.asarray(changed)), expected, atol=1e-13)


def test_impossible_parts_are_refused():
    with pytest.raises(ValueError, match=r"two or three numbers from 1 up"):
        Lattice((4,))
    with pytest.raises(ValueError, match="did you mean 'moore'"):
        Lattice((4, 4), "more")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="at least 3 cells"):
        Lattice((2, 4), edge="torus")
    with pytest.raises(ValueError, match="at most 16,777,216 are made"):
        Lattice((4096, 4096, 2))
    with pytest.raises(ValueError, match="3 does not divide 4; these do: 1, 2, 4"):
        Blocked((3, 4)).check(Lattice((4, 4)))
    with pytest.raises(ValueError, match="give the block one number per axis"):
        Blocked((2, 2, 2)).check(Lattice((4, 4)))
    with pytest.raises(ValueError, match="inner_steps is -1"):
        Blocked(inner_steps=-1)
    with pytest.raises(ValueError, match="no activation named 'swish'"):
        NeighbourMix("swish")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="which has 4; read fewer"):
        SlabLinear(5).check(Lattice((2, 2, 4)))
