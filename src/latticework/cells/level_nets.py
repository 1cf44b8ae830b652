"""The nets of a column: small three-layer nets that read one level and write one level."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from latticework.core.checks import require
from latticework.core.counter_bits import keep_factors, stream
from latticework.core.seeds import key_of

NetParams = dict[str, Array]
"""`weight1 [net, D, 9 D]`, `weight2` and `weight3 [net, D, D]`, `bias1..3 [net, D]`; with
coordinates also `place [top_down, D, 2]`."""

NUM_BLOCKS = 9
"""Sites of a neighbourhood."""


class Net(NamedTuple):
    """One net: `kind` is bottom_up, same_level or top_down; `index` counts within the kind."""

    kind: str
    index: int
    reads: int
    writes: int


class Activity(NamedTuple):
    """What the layers of the nets give, each `[net, D, ...]`."""

    query: Array
    key: Array
    value: Array


Masks = Callable[[int, Array], Array]
"""`(layer, inputs of all nets)` to the inputs with some dropped; layers count from 0."""


@dataclass(frozen=True)
class LevelNets:
    """For each level, nets that read the 3 x 3 neighbourhood of the level below, itself, above.

        Q = tanh(W1 x + b1),  K = tanh(W2 Q + b2) + Q,  V = tanh(W3 K + b3) + Q + K,  out = scale V

    with dropout before each layer while learning. Weights are shared by all sites and steps. Net i
    of the kind bottom_up reads level i, same_level i + 1, top_down i + 2; all write level i + 1.
    The bottom level is written by none, the top level has no top-down net.

    Args:
        num_levels: levels of a column, L.
        vector_length: length of a level's vector, D.
        dropout: probability to drop an input of a layer while learning, a multiple of 2^-16.
        scale: factor on V.
        same_level: whether there are same-level nets; without, levels talk only up and down.
        coordinates: whether top-down nets are told where they are: `place` times (row, column) in
            -1..1 is added to W1 x, so that one whole can predict different parts at different
            places.

    At L = 4, D = 10 these are 8 nets of 1,130 parameters.

    Raises:
        ValueError: a value is out of range.

    Reference: RedRyan111, github.com/RedRyan111/GLOM (2021); coordinates: G. Hinton,
    arXiv:2102.12627.
    """

    num_levels: int = 4
    vector_length: int = 10
    dropout: float = 0.1
    scale: float = 0.01
    same_level: bool = True
    coordinates: bool = False

    def __post_init__(self) -> None:
        require(
            self.num_levels >= 2,
            f"num_levels is {self.num_levels}, expected 2 or more: one level has nothing to read",
        )
        require(
            self.vector_length >= 1, f"vector_length is {self.vector_length}, expected 1 or more"
        )
        require(0 <= self.dropout < 1, f"dropout is {self.dropout}, expected a number in [0, 1)")
        require(self.scale > 0, f"scale is {self.scale}, expected a positive number")

    @cached_property
    def nets(self) -> tuple[Net, ...]:
        """All nets, bottom-up first, then same-level, then top-down."""
        steps = range(self.num_levels - 1)
        found = [Net("bottom_up", i, i, i + 1) for i in steps]
        if self.same_level:
            found += [Net("same_level", i, i + 1, i + 1) for i in steps]
        return (*found, *(Net("top_down", i, i + 2, i + 1) for i in steps[:-1]))

    @property
    def num_inputs(self) -> int:
        """Entries of a neighbourhood, 9 D."""
        return NUM_BLOCKS * self.vector_length

    @property
    def num_parameters(self) -> int:
        """Learnable scalars."""
        shapes = jax.eval_shape(self.init, key_of(0))
        return sum(int(np.prod(shape.shape)) for shape in shapes.values())

    @cached_property
    def writers(self) -> np.ndarray:
        """`[level, net]`: 1 where the net writes the level."""
        table = np.zeros((self.num_levels, len(self.nets)))
        for at, net in enumerate(self.nets):
            table[net.writes, at] = 1
        return table

    def init(self, key: Array) -> NetParams:
        """Weights and biases from U(-1, 1) / sqrt(fan_in), float32."""
        d, count = self.vector_length, len(self.nets)
        shapes = {
            "weight1": (count, d, self.num_inputs),
            "bias1": (count, d),
            "weight2": (count, d, d),
            "bias2": (count, d),
            "weight3": (count, d, d),
            "bias3": (count, d),
        }
        keys = dict(zip(shapes, jax.random.split(key, len(shapes)), strict=True))

        def draw(name: str) -> Array:
            bound = 1 / np.sqrt(self.num_inputs if name.endswith("1") else d)
            return jax.random.uniform(keys[name], shapes[name], jnp.float32, -bound, bound)

        params = {name: draw(name) for name in shapes}
        if self.coordinates:
            num_top_down = sum(net.kind == "top_down" for net in self.nets)
            params["place"] = jnp.zeros((num_top_down, d, 2), jnp.float32)
        return params

    def activity(
        self,
        params: NetParams,
        inputs: Float[Array, "level entry ... row col"],
        seed: Array | None = None,
    ) -> Activity:
        """All nets on the neighbourhoods `inputs` of every level.

        Args:
            params: see `NetParams`.
            inputs: `[level, 9 D, ..., row, col]`, from `topologies.torus`.
            seed: uint32 scalar that draws the dropout; None for none.
        """
        sites = inputs.shape[2:]
        flat = inputs.reshape(*inputs.shape[:2], -1)
        masks = None if seed is None or self.dropout == 0 else self.masks(seed)
        place = self._place(params, sites)
        query = jnp.tanh(self._first_layer(params, flat, masks) + place)
        found = three_layers(params, query, masks)
        return Activity(*(value.reshape(*value.shape[:2], *sites) for value in found))

    def contributions(self, values: Float[Array, "net D ..."]) -> Float[Array, "level D ..."]:
        """What the nets add to each level: `scale` times the sum over those that write it."""
        zero = jnp.zeros_like(values[0])
        levels = [sum((values[n] for n in np.flatnonzero(row)), start=zero) for row in self.writers]
        return jnp.asarray(self.scale, values.dtype) * jnp.stack(levels)

    def masks(self, seed: Array) -> Masks:
        """Independent masks per net, entry and site: net m draws rows m E .. (m + 1) E - 1.

        E = 11 D rounded up to even: the entries of the three layers, one after the other.
        """
        d = self.vector_length
        starts = (0, self.num_inputs, self.num_inputs + d)
        rows = starts[-1] + d

        def drop(layer: int, inputs: Array) -> Array:
            count, length = inputs.shape[:2]

            def factors(net: Array) -> Array:
                every = keep_factors(
                    stream(seed, net), rows, inputs.shape[2], self.dropout, inputs.dtype
                )
                return every[starts[layer] : starts[layer] + length]

            return inputs * jax.vmap(factors)(jnp.arange(count, dtype=jnp.uint32))

        return drop

    def _first_layer(self, params: NetParams, flat: Array, masks: Masks | None) -> Array:
        """`W1 x + b1`: without dropout the nets that read a level share one product."""
        reads = np.array([net.reads for net in self.nets])
        if masks is not None:
            return linear(params, 1, masks(0, flat[reads]))
        parts: list[Array] = [jnp.zeros(())] * len(reads)
        for level in range(self.num_levels):
            readers = np.flatnonzero(reads == level)
            if len(readers) == 0:
                continue
            joint = params["weight1"][readers].reshape(-1, self.num_inputs)
            product = (joint @ flat[level]).reshape(len(readers), self.vector_length, -1)
            for at, net in enumerate(readers):
                parts[net] = product[at]
        return jnp.stack(parts) + params["bias1"][..., None]

    def _place(self, params: NetParams, sites: tuple[int, ...]) -> Array:
        """What the coordinates add to `W1 x`, `[net, D, site]`; zero for other nets."""
        if not self.coordinates:
            return jnp.zeros((1, 1, 1), params["weight1"].dtype)
        axes = [np.linspace(-1, 1, size) for size in sites[-2:]]
        grid = np.stack(np.meshgrid(*axes, indexing="ij")).reshape(2, *(1,) * (len(sites) - 2), -1)
        grid = np.broadcast_to(grid, (2, *sites[:-2], grid.shape[-1])).reshape(2, -1)
        told = params["place"] @ jnp.asarray(grid, params["place"].dtype)
        others = jnp.zeros((len(self.nets) - len(told), *told.shape[1:]), told.dtype)
        return jnp.concatenate([others, told])


def linear(params: NetParams, layer: int, inputs: Float[Array, "net entry site"]) -> Array:
    """`W x + b` of every net, `[net, D, site]`; layers count from 1."""
    return params[f"weight{layer}"] @ inputs + params[f"bias{layer}"][..., None]


def three_layers(
    params: NetParams, query: Float[Array, "net D site"], masks: Masks | None
) -> Activity:
    """The second and third layer with their sums, see `LevelNets`."""
    key = jnp.tanh(linear(params, 2, query if masks is None else masks(1, query))) + query
    value = jnp.tanh(linear(params, 3, key if masks is None else masks(2, key))) + query + key
    return Activity(query, key, value)
