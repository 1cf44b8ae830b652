"""Trees of arrays."""

from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp


def stacked(trees: Iterable[Any]) -> Any:
    """Trees of one structure as one tree, their leaves along a new first axis."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)
