"""The readout by itself, of one and of two layers."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp

from latticework.readouts import SlabLinear
from latticework.topologies import Lattice
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.gridnet.tolerances import compare_gradient, compare_output
from latticework.verify.outcomes import Check


def replay_readout(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of `readout`."""
    del context
    for layers in (1, 2):
        prefix = f"L{layers}_"
        x = jnp.asarray(golden.array(f"{prefix}x"))
        readout = SlabLinear(layers)
        readout.check(Lattice(x.shape[1:]))
        params = {
            part: {
                name: jnp.asarray(golden.array(f"{prefix}{part}.{name}"))
                for name in ("weight", "bias")
            }
            for part in ("norm", "proj")
        }
        cotangent = jnp.asarray(golden.array(f"{prefix}cotangent"))

        @jax.jit
        def run(params, x, cotangent, readout=readout):
            y, pull = jax.vjp(jax.vmap(readout.read, (None, 0)), params, x)
            return y, pull(cotangent)

        y, (gradient, grad_x) = run(params, x, cotangent)
        yield compare_output(golden, f"{prefix}y", y)
        yield compare_gradient(golden, f"{prefix}grad_x", grad_x)
        for part, values in gradient.items():
            for name, value in values.items():
                yield compare_gradient(golden, f"{prefix}grad_{part}.{name}", value)
