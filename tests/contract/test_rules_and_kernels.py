"""Every registered rule by every kernel on every topology.

One test per topology: what it compiles, and that is nearly all the time it takes, is shared.
"""

import pytest
from test_kernel_contract import check_kernels
from test_rule_contract import check_rule

from latticework.kernels import KERNELS
from latticework.topologies import TOPOLOGIES, Grid
from support.instances import instances
from support.probe import Task, network_on, registered_tasks


@pytest.mark.parametrize("topology", instances(TOPOLOGIES, first_only=True, quick={"grid"}))
def test_registered(topology):
    network = network_on(topology)
    tasks = registered_tasks(network)
    for rule, mode in tasks:
        check_rule(rule, network, mode, along=tasks)
    kernels = tuple(kernel for kernel in KERNELS.values() if kernel.name != "reference")
    taken = check_kernels(kernels, network, one_mode_each(tasks), along=tasks)
    assert max(taken.values()) > 0, "every fast path refuses everything"


def one_mode_each(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    """Every rule once; the loss modes alternate."""
    chosen = {}
    for n, (rule, mode) in enumerate(tasks):
        if rule not in chosen or n % 3 == 0:
            chosen[rule] = mode
    return tuple(chosen.items())


def test_both_loss_modes_are_used():
    tasks = registered_tasks(network_on(Grid(4, 3)))
    assert {mode for _, mode in tasks} == {mode for _, mode in one_mode_each(tasks)}
    assert {mode for _, mode in tasks} == {"sum", "per_t"}
