"""Whether a kernel's threads wait for each other: a walk through what Pallas has traced of it."""

from dataclasses import dataclass, field
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

LOADS, STORES = ("get", "masked_load"), ("swap", "masked_swap")
BARRIER = "debug_barrier_p"


def kernels(closed: ClosedJaxpr) -> dict[str, Jaxpr]:
    """The Pallas kernels called anywhere in a program, by the name of their function."""
    found = {}
    for equation in closed.jaxpr.eqns:
        if equation.primitive.name == "pallas_call":
            body = equation.params["jaxpr"]
            found[body.debug_info.func_name] = body
        for inner in _inner(equation):
            found.update(kernels(ClosedJaxpr(inner, ())))
    return found


def _inner(equation: Any) -> list[Jaxpr]:
    if equation.primitive.name == "pallas_call":
        return []
    return [
        getattr(leaf, "jaxpr", leaf)
        for leaf in jax.tree.leaves(
            list(equation.params.values()), is_leaf=lambda v: isinstance(v, Jaxpr | ClosedJaxpr)
        )
        if isinstance(leaf, Jaxpr | ClosedJaxpr)
    ]


@dataclass
class Walk:
    """Follows a kernel and notes every hazard: loads and stores of one array with no barrier
    between, of which another thread's may come first. A walk takes every loop twice. Stores after
    stores are not looked at: most go to different parts of an array.
    """

    since: dict[int, set[str]] = field(default_factory=dict)
    hazards: list[str] = field(default_factory=list)
    barriers: int = 0

    def run(self, body: Jaxpr, refs: dict[Any, int]) -> "Walk":
        """`refs` numbers the arrays to be watched."""
        for equation in body.eqns:
            name = equation.primitive.name
            if name == BARRIER:
                self.barriers += 1
                self.since.clear()
            elif name in (*LOADS, *STORES):
                self._access(equation, refs, "load" if name in LOADS else "store")
            else:
                for inner in _inner(equation):
                    # Constants of a loop's condition come first, and are none of the body's.
                    given = equation.invars[len(equation.invars) - len(inner.invars) :]
                    known = {
                        own: refs[outer]
                        for own, outer in zip(inner.invars, given, strict=True)
                        if not isinstance(outer, Literal) and outer in refs
                    }
                    for _ in range(2):
                        self.run(inner, known)
        return self

    def _access(self, equation: Any, refs: dict[Any, int], kind: str) -> None:
        ref = refs.get(equation.invars[0])
        if ref is None:
            return
        before = self.since.setdefault(ref, set())
        if before - {kind}:
            self.hazards.append(f"array {ref}: {kind} after {before - {kind}} without a barrier")
        before.add(kind)


def hazards(body: Jaxpr, watched: int) -> Walk:
    """Walk through a kernel and watch the last `watched` of its arrays."""
    first = len(body.invars) - watched
    return Walk().run(body, {body.invars[n]: n for n in range(first, len(body.invars))})
