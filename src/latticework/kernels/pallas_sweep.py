"""A sweep of all blocks as a differentiable function, by a Pallas kernel in either direction."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton
from jaxtyping import Array, Float

from latticework.kernels.pallas_backward import backward
from latticework.kernels.pallas_forward import forward
from latticework.kernels.pallas_plan import SweepPlan, fold

Params = tuple[Array, ...]
"""`weight`, `bias` and, without a gate, `residual_scale`, cut into blocks."""


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def sweep(
    plan: SweepPlan, params: Params, states: Float[Array, "i j k lane"]
) -> Float[Array, "i j k lane"]:
    """One outer step of the whole lattice, for all examples."""
    sizes = (states.size, plan.num_programs * plan.area * plan.lanes)
    out, _ = _call(partial(forward, plan), plan, sizes, (states, *params))
    return out.reshape(states.shape)


def _sweep_forward(plan: SweepPlan, params: Params, states: Array):
    return sweep(plan, params, states), (params, states)


def _sweep_backward(plan: SweepPlan, kept: tuple[Params, Array], d_out: Array):
    params, states = kept
    sizes = (
        plan.num_blocks * plan.window_rows * plan.batch,
        *(plan.groups * param.size for param in params),
        *(plan.num_programs * rows * plan.lanes for rows in plan.scratch_rows),
    )
    d_windows, *rest = _call(partial(backward, plan), plan, sizes, (states, d_out, *params))
    d_params = rest[: len(params)]
    d_states = fold(d_windows.reshape(plan.num_blocks, plan.window_rows, plan.batch), plan)
    summed = (
        jnp.sum(each.reshape(plan.groups, *param.shape), axis=0)
        for each, param in zip(d_params, params, strict=True)
    )
    return tuple(summed), d_states


sweep.defvjp(_sweep_forward, _sweep_backward)


def _call(
    kernel: Any, plan: SweepPlan, sizes: tuple[int, ...], operands: tuple[Array, ...]
) -> list[Array]:
    """Run a kernel on flat arrays, for flat results of these sizes."""
    run = pl.pallas_call(
        kernel,
        out_shape=[jax.ShapeDtypeStruct((size,), operands[0].dtype) for size in sizes],
        grid=(plan.num_programs,),
        # One stage: nothing is fetched ahead that the program itself is about to store.
        compiler_params=triton.CompilerParams(num_warps=plan.num_warps, num_stages=1),
        interpret=plan.interpret,
    )
    return run(*(operand.reshape(-1) for operand in operands))
