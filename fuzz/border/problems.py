"""What the library hands to its compiled kernels, and what the reference says of the same.

The driver draws arrays around the attributes that are made here.
"""

import dataclasses
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from latticework.cells.consensus import NoAttention
from latticework.cells.level_nets import LevelNets
from latticework.core.fixed_point import FixedPoint
from latticework.core.network import Network
from latticework.kernels import Problem as LeakyProblem
from latticework.kernels import native_tables
from latticework.kernels.glom import NativeDelta, XlaDelta
from latticework.kernels.loops import ReferenceLoop
from latticework.kernels.native_cube import NativeLoop, _Call
from latticework.kernels.native_kernel import GROUPS, NativeKernel
from latticework.kernels.reference import ReferenceKernel
from latticework.kernels.wave_problem import WaveProblem
from latticework.kernels.wave_reference import ReferenceWaveKernel
from latticework.kernels.wave_tables import wave_tables
from latticework.readouts import OutputCode
from latticework.rules import Bptt, Broadcast, HopTrace, NonIdealities
from latticework.topologies import Diagonal, Grid, SmallWorld
from support.loops import LOOPS
from support.native import Scattered
from support.probe import network_on
from support.spiking import CHANCY, CHANNELS, SCHEDULES, WIRINGS

jax.config.update("jax_enable_x64", True)

Arrays = dict[str, np.ndarray]
IMPERFECT = NonIdealities(
    trace_leak=0.2, subtraction_bias=0.1, gain_positive=0.9, gain_negative=1.2
)
NOISY = NonIdealities(trace_noise=0.1, message_noise=0.2)
VALUES = 260
"""Of the fused loop: what the bytes mean, and a few constants."""
STEP_SIZES = (0.04, 0.02, 0.005)


@dataclass(frozen=True)
class Problem:
    """Attributes of a handler, sizes that they do not say, and the reference's results.

    Args:
        entry: the handler.
        attributes: as it takes them.
        expected: named arrays `[call, ...]` to named results; None where draws differ.
        sizes: by name.
    """

    entry: str
    attributes: dict[str, Any]
    expected: Callable[[Arrays], Arrays] | None
    sizes: dict[str, int] = dataclasses.field(default_factory=dict)


def problems(*, few: bool) -> list[Problem]:
    """All of them; `few` with fewer that are compared with the reference."""
    every = [*leaky(), *cubes(), *nets(), *waves()]
    if not few:
        return every
    left: dict[str, int] = {}
    kept = []
    for one in every:
        left[one.entry] = left.get(one.entry, 0) + (one.expected is not None)
        kept.append(one if left[one.entry] <= 2 else dataclasses.replace(one, expected=None))
    return kept


def leaky() -> Iterator[Problem]:
    """Regular wirings and random ones under every rule that is compiled."""
    topologies = (
        Grid(3, 2),
        Scattered(13, 4, 3, 3, 2, 5),
        SmallWorld(4, 3, 5, 1),
        Diagonal(6, 2, 3),
        Scattered(1, 1, 1, 1, 1, 7),
        Scattered(9, 3, 2, 4, 3, 8),
    )
    tasks = (
        (HopTrace(hops=1), "sum"),
        (Bptt(), "per_t"),
        (HopTrace(hops=2, signal=Broadcast(seed=3)), "per_t"),
        (HopTrace(hops=3, non_idealities=IMPERFECT), "sum"),
        (HopTrace(hops=0), "per_t"),
        (HopTrace(hops=1, non_idealities=NOISY), "sum"),
        (HopTrace(hops=1, storage=FixedPoint(bits=8)), "per_t"),
    )
    for number, topology in enumerate(topologies):
        network = network_on(topology)
        if number % 2:
            network = dataclasses.replace(network, readout=OutputCode(seed=number))
        for task in tasks:
            problem = LeakyProblem(network, *task)
            rule = task[0]
            is_exact = number < 4 and not (
                isinstance(rule, HopTrace) and (rule.is_random or not rule.storage.is_exact)
            )
            kernel, reference = NativeKernel(problem), ReferenceKernel(problem)
            feedback = {"feedback": native_tables.feedback(problem)}
            plain = kernel._attributes(None)
            yield Problem(
                "latticework_update",
                feedback | kernel._attributes(native_tables.trace_hops(problem)),
                updates_of(reference) if is_exact else None,
            )
            if task[0] == tasks[0][0]:
                yield Problem("latticework_score", plain, scores_of(reference))
            if kernel.fused_refusal() is None:
                steps = {"step_sizes": np.array(STEP_SIZES), "layout": layout(network)}
                codes = steps["layout"][3:].reshape(-1, network.wiring.num_channels)
                yield Problem(
                    "latticework_train",
                    feedback | steps | plain,
                    steps_of(reference, codes) if is_exact else None,
                )


def updates_of(reference: ReferenceKernel) -> Callable[[Arrays], Arrays]:
    """Batch means of the rule's direction, for all calls and seeds at once."""

    def run(given: Arrays) -> Arrays:
        params, inputs, targets = (own(given), given["inputs"], given["targets"])
        flat = [merged(x) for x in (*params.values(), inputs, targets)]
        made = reference.updates(dict(zip(params, flat[:3], strict=True)), *flat[3:])
        found = {f"d_{name}": made.direction[name] for name in GROUPS}
        found |= {"loss": made.loss, "correct": made.correct}
        lead = targets.shape[:2]
        return {name: value.reshape(*lead, *value.shape[1:]) for name, value in found.items()}

    return run


def scores_of(reference: ReferenceKernel) -> Callable[[Arrays], Arrays]:
    """Readouts, call by call."""

    def run(given: Arrays) -> Arrays:
        scores = jax.vmap(lambda params, inputs: reference.scores(params, inputs))
        return {"scores": scores(own(given), given["inputs"])}

    return run


def layout(network: Network) -> np.ndarray:
    """Steps, bytes of an example, and which byte or constant each channel shows at each step."""
    rng = np.random.default_rng(network.wiring.num_cells)
    num_steps, num_bytes = int(rng.integers(1, 20)), int(rng.integers(1, 40))
    codes = rng.integers(0, VALUES + num_bytes, (num_steps, network.wiring.num_channels))
    is_pixel = rng.random(codes.shape) < 0.8
    codes = np.where(is_pixel, VALUES + codes % num_bytes, codes)
    return np.array([num_steps, num_bytes, VALUES, *codes.ravel()], np.int32)


def steps_of(reference: ReferenceKernel, codes: np.ndarray) -> Callable[[Arrays], Arrays]:
    """Plain SGD one example after the other, by the reference's updates."""
    sizes = dict(zip(GROUPS, STEP_SIZES, strict=True))

    def one_call(given: Arrays) -> Arrays:
        first, last = given["bounds"]
        pixels = given["pixels"].astype(jnp.int32)
        constants = jnp.broadcast_to(jnp.arange(VALUES), (len(pixels), VALUES))
        known = jnp.concatenate([constants, pixels], axis=1)
        inputs = given["table"][known[:, codes]]

        def step(carry, number):
            params, loss, correct = carry
            example = given["order"][:, number]
            made = reference.updates(
                params, inputs[example][:, None], given["targets"][example][:, None]
            )
            counts = (number >= first) & (number < last)
            params = {
                name: value - jnp.where(counts, sizes[name], 0.0) * made.direction[name]
                for name, value in params.items()
            }
            return (
                params,
                loss + jnp.where(counts, made.loss, 0.0),
                correct + jnp.where(counts, made.correct, 0.0),
            ), None

        zero = jnp.zeros(len(given["order"]))
        numbers = jnp.arange(given["order"].shape[1])
        (params, loss, correct), _ = jax.lax.scan(step, (own(given), zero, zero), numbers)
        new = {f"new_{name}": params[name] for name in GROUPS}
        return new | {"loss": loss, "correct": correct}

    return jax.vmap(one_call)


def own(given: Arrays) -> Arrays:
    """The parameters among the arrays."""
    return {name: given[name] for name in GROUPS}


def merged(array: jax.Array) -> jax.Array:
    """Calls and seeds as one axis."""
    return array.reshape(-1, *array.shape[2:])


def cubes() -> Iterator[Problem]:
    """Every mode of the cube, forwards and back."""
    for loop in LOOPS.values():
        call = _Call(NativeLoop(loop), loop.outer_steps)
        yield Problem("latticework_cube_forward", call.attributes(), run_of(loop))
        yield Problem("latticework_cube_backward", call.attributes(), pull_of(loop))


def run_of(loop) -> Callable[[Arrays], Arrays]:
    """The states after the last step, call by call."""

    def one_call(given: Arrays) -> Arrays:
        network, norm, states = cube_parts(given)
        return {"out": ReferenceLoop(loop).run(network, norm, states)}

    return jax.vmap(one_call)


def pull_of(loop) -> Callable[[Arrays], Arrays]:
    """What comes back from the last states, call by call."""

    def one_call(given: Arrays) -> Arrays:
        _, pull = jax.vjp(ReferenceLoop(loop).run, *cube_parts(given))
        network, norm, states = pull(given["d_out"])
        found = {"d_x0": states, "d_weight": network["weight"], "d_bias": network["bias"]}
        found |= {"d_norm_weight": norm["weight"], "d_norm_bias": norm["bias"]}
        if "residual_scale" in network:
            found["d_scale"] = network["residual_scale"]
        return found

    return jax.vmap(one_call)


def cube_parts(given: Arrays) -> tuple[Arrays, Arrays, np.ndarray]:
    """Network, normalisation and states among the arrays."""
    network = {"weight": given["weight"], "bias": given["bias"]}
    if given["scale"].size:
        network["residual_scale"] = given["scale"]
    norm = {"weight": given["norm_weight"], "bias": given["norm_bias"]}
    return network, norm, given["x0"]


def nets() -> Iterator[Problem]:
    """GLOM's nets, with dropout and without."""
    for made, drops in (
        (LevelNets(2, 3, dropout=0.25), True),
        (LevelNets(3, 4), False),
        (LevelNets(4, 10), True),
        (LevelNets(2, 6, same_level=False), True),
    ):
        sizes = {"net": len(made.nets), "level": made.num_levels, "channel": made.vector_length}
        attributes = NativeDelta(made, NoAttention()).attributes(drops)
        for entry in ("latticework_glom", "latticework_glom_back"):
            yield Problem(entry, attributes, delta_of(made, drops, "back" in entry), sizes)


def delta_of(made: LevelNets, drops: bool, is_back: bool) -> Callable[[Arrays], Arrays]:
    """What the nets add, or what comes back, call by call."""
    groups = ("weight1", "bias1", "weight2", "bias2", "weight3", "bias3")
    path = XlaDelta(made, NoAttention())

    def one_call(given: Arrays) -> Arrays:
        seed = given["seed"] if drops else None
        params = {name: given[name] for name in groups}
        if not is_back:
            return {"delta": path(params, given["state"], seed)}
        _, pull = jax.vjp(lambda p, s: path(p, s, seed), params, given["state"])
        by_params, by_state = pull(given["cotangent"])
        return {f"d_{name}": by_params[name] for name in groups} | {"d_state": by_state}

    return jax.vmap(one_call)


def waves() -> Iterator[Problem]:
    """Spiking columns; chances are drawn alike, so that results are the same to the bit."""
    schedules = dict(SCHEDULES)
    schedules["random ties"] = dataclasses.replace(SCHEDULES["corrected"], tie_break="random")
    for wiring in WIRINGS.values():
        for schedule in schedules.values():
            links = tuple(
                link if link.rule is None else dataclasses.replace(link, rule=CHANCY)
                for link in wiring.links
            )
            problem = WaveProblem(dataclasses.replace(wiring, links=links), schedule, CHANNELS)
            record = problem.wiring.populations
            plan, numbers = wave_tables(problem, record)
            attributes = {
                "plan": plan,
                "numbers": numbers,
                "num_threads": np.int32(0),
                "simd": "auto",
            }
            yield Problem("latticework_waves", attributes, shown_of(problem, record))


def shown_of(problem: WaveProblem, record: tuple[str, ...]) -> Callable[[Arrays], Arrays]:
    """What columns show and learn, call by call."""
    blocks = problem.wiring.blocks
    shapes = [(problem.sizes[b.source], problem.sizes[b.target]) for b in blocks.values()]
    ends = np.cumsum([rows * cols for rows, cols in shapes])

    def run(given: Arrays) -> Arrays:
        learns = given["learns"].shape[1] > 0

        def one_call(given: Arrays) -> Arrays:
            parts = jnp.split(given["weights"], ends[:-1], axis=1)
            matrices = {
                name: part.reshape(-1, *shape)
                for name, part, shape in zip(blocks, parts, shapes, strict=True)
            }
            result = ReferenceWaveKernel(problem).run(
                matrices,
                given["trains"],
                given["keys"],
                given["first"][0],
                learns=learns,
                record=record,
            )
            found = {"seen": result.trains}
            if learns:
                flat = [result.weights[name].reshape(len(given["keys"]), -1) for name in blocks]
                found["new_weights"] = jnp.concatenate(flat, axis=1)
            return found

        return jax.vmap(one_call)({n: v for n, v in given.items() if n != "learns"})

    return run


# As the driver reads it.
_KINDS = {"array": 0, "scalar": 1, "text": 2}


def write(made: list[Problem], path: Path) -> None:
    """The problems in the driver's format."""
    out = [_number(len(made))]
    for one in made:
        sizes = {**one.sizes, "is_compared": int(one.expected is not None)}
        out += [_bytes(one.entry.encode()), _number(len(sizes))]
        for name, size in sizes.items():
            out += [_bytes(name.encode()), _number(size)]
        out.append(_number(len(one.attributes)))
        for name, value in one.attributes.items():
            kind = "text" if isinstance(value, str) else "array" if np.ndim(value) else "scalar"
            content = value.encode() if isinstance(value, str) else np.asarray(value).tobytes()
            dtype = "uint8" if isinstance(value, str) else np.asarray(value).dtype.name
            out += [
                _bytes(name.encode()),
                _number(_KINDS[kind]),
                _bytes(dtype.encode()),
                _bytes(content),
            ]
    path.write_bytes(b"".join(out))


def _number(value: int) -> bytes:
    return struct.pack("<q", value)


def _bytes(value: bytes) -> bytes:
    return _number(len(value)) + value
