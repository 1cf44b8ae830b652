"""Registries: the one place where the instances of an axis are listed by name."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Registry(Generic[T]):
    """Instances of one axis, by name.

    Args:
        axis: what is listed, in the singular ("topology", "rule"), for messages.
        entries: name to class. Each class is a frozen dataclass.
        examples: name to small instances, or to a function that makes them where that computes
            something; the contract tests run over them. A name without an entry here is tested
            as `entries[name]()`.

    Raises:
        ValueError: from `registry[name]` when the name is not listed; the message says
            which names are, and the nearest one.
    """

    axis: str
    entries: Mapping[str, type[T]]
    examples: Mapping[str, tuple[T, ...] | Callable[[], tuple[T, ...]]] = field(
        default_factory=dict
    )

    def __getitem__(self, name: str) -> type[T]:
        if name not in self.entries:
            raise ValueError(unknown_name(self.axis, name, self.entries))
        return self.entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def name_of(self, instance: Any) -> str:
        """The registered name of `instance`'s class."""
        for name, cls in self.entries.items():
            if type(instance) is cls:
                return name
        raise ValueError(
            f"{type(instance).__name__} is not a registered {self.axis}; "
            f"add it to the registry beside {', '.join(self.entries)}"
        )

    def examples_of(self, name: str) -> tuple[T, ...]:
        """Small instances of `name`, for tests and drawings."""
        found = self.examples.get(name)
        return (found() if callable(found) else found) or (self[name](),)


MOST_NAMES = 24
"""So many names are told at most; of more, the nearest three."""


def unknown_name(axis: str, name: str, known: Mapping[str, Any] | list[str]) -> str:
    """The sentence that says that `name` is not known and what is, or what is nearest of much."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    if len(names) <= MOST_NAMES:
        return f"there is no {axis} named {name!r}{hint} Known: {', '.join(names)}."
    nearest = difflib.get_close_matches(name, names, n=3, cutoff=0)
    return f"there is no {axis} named {name!r}{hint} Nearest of {len(names)}: {', '.join(nearest)}."
