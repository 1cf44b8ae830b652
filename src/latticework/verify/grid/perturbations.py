"""The six errors of measurement on the 4x4 grid: four exactly, the two noises by their moments."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from latticework.core.cell import CellParams
from latticework.core.network import Network
from latticework.core.seeds import key_of
from latticework.rules import HopTrace, NonIdealities
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.grid.parameters import (
    EXACT,
    GROUPS,
    compare_groups,
    published_group,
    stored_network,
    stored_params,
    stored_target,
)
from latticework.verify.outcomes import Check

_CONDITIONS = {
    "leak_": NonIdealities(trace_leak=0.2),
    "gain_sym_": NonIdealities(gain_positive=0.8, gain_negative=0.8),
    "gain_A_": NonIdealities(gain_positive=0.9, gain_negative=1.1),
    "gain_B_": NonIdealities(gain_positive=1.1, gain_negative=0.9),
    "sub_pos_": NonIdealities(subtraction_bias=0.1),
    "sub_neg_": NonIdealities(subtraction_bias=-0.1),
}
_NOISES = {
    "eps_noise": NonIdealities(trace_noise=0.5),
    "msg_noise": NonIdealities(message_noise=0.5),
}

Z_BOUND = 5.0
"""Largest difference between two moments, in standard errors of the difference. With 128 moments
that are right, one beyond it is a matter of one in 10,000; the draws here are fixed, so that the
outcome is, too."""

_NOISE_FREE = 1e-12
"""A standard deviation below this is rounding."""

_DRAWS_AT_ONCE = 2500


class _Moments(NamedTuple):
    """Over independent draws, per published group; `kurtosis` is the fourth standardised moment."""

    mean: np.ndarray
    std: np.ndarray
    kurtosis: np.ndarray


def replay_perturbations(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of `perturb_4x4_T5`."""
    del context
    network = stored_network(golden)
    params = stored_params(golden, network.wiring.num_cells)
    shape = (golden.count("T"), network.wiring.num_channels)
    inputs = jnp.asarray(golden.array("seq", shape))
    target = stored_target(golden, network.wiring.num_classes)
    for prefix, got in _without_noise(network, params, inputs, target).items():
        yield from compare_groups(golden, prefix, got)
    count = golden.count("noise_nkeys")
    for name, non_idealities in _NOISES.items():
        rule = HopTrace(hops=1, non_idealities=non_idealities)
        draws = _draw(network, rule, params, inputs, target, count)
        for group in GROUPS:
            yield from _compare_moments(golden, name, group, published_group(draws, group), count)


def _direction(
    network: Network, rule: HopTrace, params: CellParams, inputs: Array, target: Array, key=None
) -> CellParams:
    return rule.gradient(network, params, inputs, target, loss_mode="sum", key=key).direction


def _without_noise(
    network: Network, params: CellParams, inputs: Array, target: Array
) -> dict[str, CellParams]:
    """Every condition, in one compilation."""
    rules = {
        prefix: HopTrace(hops=1, non_idealities=errors) for prefix, errors in _CONDITIONS.items()
    }

    @jax.jit
    def everything(params: CellParams, inputs: Array, target: Array) -> dict[str, CellParams]:
        return {
            prefix: _direction(network, rule, params, inputs, target)
            for prefix, rule in rules.items()
        }

    return everything(params, inputs, target)


def _draw(
    network: Network, rule: HopTrace, params: CellParams, inputs: Array, target: Array, count: int
) -> CellParams:
    """`count` directions with independent noise, `[draw, cell, ...]`."""

    def all_draws(params: CellParams, inputs: Array, target: Array) -> CellParams:
        one = partial(_direction, network, rule, params, inputs, target)
        keys = jax.random.split(key_of(0), count)
        return jax.lax.map(one, keys, batch_size=_DRAWS_AT_ONCE)

    return jax.jit(all_draws)(params, inputs, target)


def _compare_moments(
    golden: Archive, noise: str, group: str, draws: np.ndarray, count: int
) -> Iterator[Check]:
    """Mean and standard deviation of our draws against the published ones."""
    ours = _moments(draws)
    mean, std = (
        golden.array(f"{noise}_{moment}_{group}", ours.mean.shape) for moment in ("mean", "std")
    )
    noisy = (std > _NOISE_FREE) | (ours.std > _NOISE_FREE)
    scale = np.max(np.abs(mean), initial=0.0) or 1.0
    quiet_error = np.max(np.abs(ours.mean - mean)[~noisy], initial=0.0) / scale
    yield Check(f"{noise} mean {group}, entries without noise", float(quiet_error), EXACT)
    # Both sides are samples of `count` draws.
    mean_error = np.sqrt((ours.std**2 + std**2) / count)
    # var(std) = std^2 (kurtosis - 1) / (4 count) for each side; a kurtosis is 1 or more.
    std_error = ours.std * np.sqrt(np.maximum(ours.kurtosis - 1, 0) / (2 * count))
    yield Check(
        f"{noise} mean {group}, z", _largest_z(ours.mean - mean, mean_error, noisy), Z_BOUND
    )
    yield Check(f"{noise} std {group}, z", _largest_z(ours.std - std, std_error, noisy), Z_BOUND)


def _moments(draws: np.ndarray) -> _Moments:
    mean, std = draws.mean(axis=0), draws.std(axis=0, ddof=1)
    standardised = (draws - mean) / np.where(std > _NOISE_FREE, std, 1.0)
    return _Moments(mean, std, np.mean(standardised**4, axis=0))


def _largest_z(difference: np.ndarray, standard_error: np.ndarray, noisy: np.ndarray) -> float:
    """Largest |difference| in standard errors over the noisy entries."""
    if not noisy.any():
        return 0.0
    with np.errstate(divide="ignore"):
        return float(np.max(np.abs(difference[noisy]) / standard_error[noisy]))
