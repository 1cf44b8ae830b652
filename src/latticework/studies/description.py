"""What a recipe's network is made of, and what each rule would cost and give on it."""

import dataclasses
from collections.abc import Iterator

from latticework.core.network import Network
from latticework.core.rule import AbstractRule
from latticework.kernels import KERNELS, Problem
from latticework.recipes import LeakyRecipe
from latticework.rules import RULES, Bptt, HopTrace, Rtrl

HOPS_TO_COMPARE = (0, 1, 2)


@dataclasses.dataclass(frozen=True)
class RuleFacts:
    """A rule on one network.

    Args:
        rule: how it is called, with its hops and its learning signal.
        memory: scalars per cell that learning keeps, beside parameters, state and output; None
            where the rule cannot be used.
        is_exact: whether it equals the true gradient here.
        is_own: whether it is the recipe's own rule.
        refusal: why it cannot be used here, else empty.
    """

    rule: str
    memory: float | None
    is_exact: bool
    is_own: bool
    refusal: str = ""


@dataclasses.dataclass(frozen=True)
class KernelFacts:
    """A code path for one recipe.

    Args:
        kernel: its name.
        refusal: why it does not apply, else empty.
        is_chosen: whether the recipe runs on it.
    """

    kernel: str
    refusal: str
    is_chosen: bool


@dataclasses.dataclass(frozen=True)
class Description:
    """A recipe's network in numbers.

    Args:
        sizes: cells, edges, channels, classes, slots and depth.
        parameters: learnable scalars of each parameter group.
        num_steps: length of a sequence.
        rules: the usual rules and the recipe's own.
        kernels: all code paths, the fastest first.
    """

    sizes: dict[str, int]
    parameters: dict[str, int]
    num_steps: int
    rules: tuple[RuleFacts, ...]
    kernels: tuple[KernelFacts, ...]


def describe(recipe: LeakyRecipe) -> Description:
    """Describe `recipe`.

    Raises:
        ValueError: its pieces do not fit each other.
    """
    recipe.check()
    network, num_steps = recipe.network(), recipe.task.num_steps
    return Description(
        network.wiring.summary(),
        recipe.parameters,
        num_steps,
        tuple(_rules(recipe, network, num_steps)),
        tuple(_kernels(recipe, network)),
    )


def rule_label(rule: AbstractRule) -> str:
    """A rule in a few words: `hop_trace 1`, `hop_trace 1, broadcast`, `bptt`."""
    name = RULES.name_of(rule)
    if not isinstance(rule, HopTrace):
        return name
    parts = [f"{name} {rule.hops}"]
    if not rule.signal.is_exact:
        parts.append(type(rule.signal).__name__.lower())
    if not rule.non_idealities.is_ideal:
        parts.append("non-ideal")
    if not rule.storage.is_exact:
        parts.append(f"traces of {rule.storage.bits} bits")
    return ", ".join(parts)


def _rules(recipe: LeakyRecipe, network: Network, num_steps: int) -> Iterator[RuleFacts]:
    usual: list[AbstractRule] = [Bptt(), Rtrl(), *(HopTrace(hops=n) for n in HOPS_TO_COMPARE)]
    own = [] if recipe.rule in usual else [recipe.rule]
    for rule in usual + own:
        label, is_own = rule_label(rule), rule == recipe.rule
        try:
            rule.check(network)
        except ValueError as error:
            yield RuleFacts(label, None, False, is_own, str(error))
            continue
        yield RuleFacts(label, rule.memory(network, num_steps), rule.exact_when(network), is_own)


def _kernels(recipe: LeakyRecipe, network: Network) -> Iterator[KernelFacts]:
    problem = Problem(network, recipe.rule, recipe.loss)
    chosen = recipe.learner().kernel
    for name, kernel in KERNELS.items():
        yield KernelFacts(name, kernel.refusal(problem) or "", name == chosen)
