"""Parameters that are kept in fixed point: what a step leaves is rounded to what can be stored."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array

from latticework.core.fixed_point import FixedPoint
from latticework.core.learner import Params
from latticework.core.seeds import key_from


class StoreState(NamedTuple):
    """What rounding at random needs.

    Args:
        count: steps so far.
        words: two words that tell this seed from others.
    """

    count: Array
    words: Array


def stored(storage: FixedPoint, limits: Mapping[str, float]) -> optax.GradientTransformation:
    """The last link of an optimiser: `params + updates` becomes a number that can be stored.

    Args:
        storage: bits and rounding, and the limit of all groups that `limits` does not name.
        limits: largest magnitude by parameter group.
    """

    def init(params: Params) -> StoreState:
        # Seeds are told apart by the numbers that they begin with.
        first = jax.tree.leaves(params)[0].ravel()[:2].astype(jnp.float32)
        words = jax.lax.bitcast_convert_type(jnp.resize(first, (2,)), jnp.uint32)
        return StoreState(jnp.zeros((), jnp.int32), words)

    def update(
        updates: optax.Updates, state: optax.OptState, params: Params | None = None
    ) -> tuple[optax.Updates, optax.OptState]:
        if params is None or not isinstance(state, StoreState):
            raise ValueError("rounding parameters needs the parameters; pass them to update")
        key = jax.random.fold_in(key_from(state.words), state.count)
        paths, tree = jax.tree_util.tree_flatten_with_path(params)
        rounded = []
        for number, ((path, param), change) in enumerate(
            zip(paths, tree.flatten_up_to(updates), strict=True)
        ):
            group = _of_group(storage, limits, path)
            new = group.store(param + change, jax.random.fold_in(key, number))
            rounded.append(new - param)
        return tree.unflatten(rounded), StoreState(state.count + 1, state.words)

    return optax.GradientTransformation(init, update)


def _of_group(storage: FixedPoint, limits: Mapping[str, float], path: Any) -> FixedPoint:
    name = jax.tree_util.keystr(path[:1], simple=True)
    return dataclasses.replace(storage, limit=limits.get(name, storage.limit))
