"""Every registered instance of an axis, as pytest parameters."""

from collections.abc import Container

import pytest

from latticework.core.registry import Registry


def instances(
    registry: Registry, *, first_only: bool = False, quick: Container[str] | None = None
) -> list:
    """All examples of all names; a new name is covered without editing a test.

    With `first_only` the further examples of a name are left to `make test-all`, and so are all
    names but `quick` where it is given.
    """

    def is_left(name: str) -> bool:
        return quick is not None and name not in quick

    return [
        pytest.param(
            instance,
            id=f"{name}-{number}",
            marks=(pytest.mark.all,) if (first_only and number) or is_left(name) else (),
        )
        for name in registry
        for number, instance in enumerate(registry.examples_of(name))
    ]


def values(params: list) -> list:
    """The instances out of `instances`."""
    return [param.values[0] for param in params]
