"""One sweep of the lattice, with its gradients: every activation, and the edge cases."""

from collections.abc import Iterator
from functools import lru_cache
from typing import cast, get_args

import jax
import jax.numpy as jnp
from jaxtyping import Array

from latticework.cells import GatedNeighbourMix, NeighbourMix
from latticework.cells.activations import ActivationName
from latticework.core.lattice import AbstractLatticeCell, LatticeParams
from latticework.schedules import Blocked
from latticework.topologies import Lattice
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.gridnet.tolerances import compare_gradient, compare_output
from latticework.verify.outcomes import Check, compare_equal


def replay_inputs(golden: Archive, context: Context) -> Iterator[Check]:
    """The inputs of the other files: no inner step leaves them as they are."""
    del context
    cell = _cell("plain" if "residual_scale" in golden else "gated", "silu")
    params, x, cotangent = _inputs(golden, cell)
    schedule = _schedule(golden, 0, is_normalised=False)
    y, (gradient, grad_x) = _swept(cell, schedule)(params, x, cotangent)
    yield compare_equal("x after no step", y, golden.array("x"))
    yield compare_equal("grad_x after no step", grad_x, golden.array("cotangent"))
    for name, value in gradient.items():
        yield compare_equal(f"grad_{name} after no step", value, 0 * golden.array(name))


def replay_sweeps(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of sweeps, plain or gated; their inputs are in a file beside it."""
    del context
    outputs = [name for name in golden.names() if name.endswith("_y")]
    first = outputs[0].removesuffix("y")
    is_plain = f"{first}grad_residual_scale" in golden
    kind = "plain" if is_plain else "gated"
    inputs = golden.beside(
        "the inputs of its sweeps",
        *(*_cell(kind, "silu").param_names, "x", "cotangent", "block_size"),
        fits=lambda other: (
            other.shape("x") == golden.shape(f"{first}y")
            and other.shape("weight") == golden.shape(f"{first}grad_weight")
        ),
    )
    given = _inputs(inputs, _cell(kind, "silu"))
    cell = _cell(kind, _activation(golden, outputs[0], kind, inputs, given))
    params, x, cotangent = given
    for name in outputs:
        prefix = name.removesuffix("y")
        results = _swept(cell, _steps_of(prefix, inputs))(params, x, cotangent)
        yield from _compare(golden, prefix, results, is_rounded=True)


def _activation(golden: Archive, name: str, kind: str, inputs: Archive, given) -> str:
    """The activation that a file names, or else the one that comes nearest to its first output."""
    if "act" in golden:
        return golden.text("act")

    def distance(activation: str) -> float:
        schedule = _steps_of(name.removesuffix("y"), inputs)
        y, _ = _swept(_cell(kind, activation), schedule)(*given)
        return float(jnp.max(jnp.abs(y - golden.array(name))))

    return min(get_args(ActivationName), key=distance)


def _steps_of(prefix: str, inputs: Archive) -> Blocked:
    """The schedule of a case, from its prefix `i3_norm_`."""
    steps = int(prefix.split("_")[0].removeprefix("i"))
    return _schedule(inputs, steps, is_normalised="_norm_" in prefix)


def replay_edges(golden: Archive, context: Context) -> Iterator[Check]:
    """Where eps enters, a window without spread, derivatives at a kink, blocks of one cell."""
    del context

    def run(case: str, activation: str, schedule: Blocked, results: str = "") -> Iterator[Check]:
        cell = _cell("plain", activation)
        given = _inputs(golden, cell, f"{case}_")
        found = _swept(cell, schedule)(*given)
        yield from _compare(golden, f"{results or case}_", found, is_rounded=False)

    block, steps = golden.count("eps_block_size"), golden.count("eps_inner_iterations")
    yield from run("eps", "silu", Blocked((block,) * 3, steps, True, golden.number("eps_eps")))
    yield from run("zero", "silu", Blocked((4, 4, 4), 1, True))
    yield from run("zero", "silu", Blocked((4, 4, 4), 2, True), "zero2")
    for activation in ("relu", "leaky_relu"):
        yield from run("kink", activation, Blocked((2, 2, 2), 1), f"kink_{activation}")
    yield from run("block1", "tanh", Blocked((1, 1, 1), 2, True))


@lru_cache(maxsize=64)
def _swept(cell: AbstractLatticeCell, schedule: Blocked):
    """`(params, x, cotangent)` to the outputs and their gradients; compiled once per case."""

    @jax.jit
    def run(params: LatticeParams, x: Array, cotangent: Array):
        lattice = Lattice(x.shape[1:])
        schedule.check(lattice)
        sweep = jax.vmap(lambda params, x: schedule.sweep(cell, lattice, params, x), (None, 0))
        y, pull = jax.vjp(sweep, params, x)
        return y, pull(cotangent)

    return run


def _cell(kind: str, activation: str) -> AbstractLatticeCell:
    made = GatedNeighbourMix if kind == "gated" else NeighbourMix
    return made(cast(ActivationName, activation))


def _inputs(
    golden: Archive, cell: AbstractLatticeCell, prefix: str = ""
) -> tuple[LatticeParams, Array, Array]:
    """Parameters, states `[batch, *cells]` and cotangents."""
    params = {name: jnp.asarray(golden.array(prefix + name)) for name in cell.param_names}
    x = golden.array(f"{prefix}x")
    return params, jnp.asarray(x), jnp.asarray(golden.array(f"{prefix}cotangent", x.shape))


def _schedule(inputs: Archive, steps: int, *, is_normalised: bool) -> Blocked:
    """The schedule that the file of inputs names."""
    eps = inputs.number("eps") if "eps" in inputs else 1e-5
    return Blocked((inputs.count("block_size"),) * 3, steps, is_normalised, eps)


def _compare(golden: Archive, prefix: str, results, *, is_rounded: bool) -> Iterator[Check]:
    y, (gradient, grad_x) = results
    yield compare_output(golden, f"{prefix}y", y)
    yield compare_gradient(golden, f"{prefix}grad_x", grad_x)
    for name, value in gradient.items():
        rounded = is_rounded and name == "weight"
        yield compare_gradient(golden, f"{prefix}grad_{name}", value, is_rounded=rounded)
