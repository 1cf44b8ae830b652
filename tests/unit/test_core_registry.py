"""Registries and their messages, checks, precision."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import pytest

from latticework.core.checks import require
from latticework.core.precision import double_precision
from latticework.core.registry import Registry, unknown_name
from support.instances import instances, values


@dataclass(frozen=True)
class Apple:
    size: int = 1


@dataclass(frozen=True)
class Pear:
    size: int = 2


FRUIT: Registry = Registry("fruit", {"apple": Apple, "pear": Pear}, {"pear": (Pear(3), Pear(4))})


def test_names_and_examples():
    assert list(FRUIT) == ["apple", "pear"]
    assert FRUIT["apple"] is Apple
    assert FRUIT.examples_of("apple") == (Apple(),)
    assert FRUIT.examples_of("pear") == (Pear(3), Pear(4))
    assert FRUIT.name_of(Pear(9)) == "pear"
    assert values(instances(FRUIT)) == [Apple(), Pear(3), Pear(4)]
    assert [param.id for param in instances(FRUIT)] == ["apple-0", "pear-0", "pear-1"]


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"no fruit named 'aple'; did you mean 'apple'\? Known: "):
        FRUIT["aple"]
    with pytest.raises(ValueError, match=r"no fruit named 'brick'\. Known: apple, pear\."):
        FRUIT["brick"]
    with pytest.raises(ValueError, match="no fruit named 'brick'"):
        FRUIT.examples_of("brick")
    assert "Known: a, b" in unknown_name("letter", "z", ["b", "a"])


def test_an_instance_of_something_else_is_refused():
    @dataclass(frozen=True)
    class BigApple(Apple):
        pass

    for stranger in (3, BigApple()):
        with pytest.raises(ValueError, match=r"is not a registered fruit; add it .* apple, pear"):
            FRUIT.name_of(stranger)


def test_require():
    require(True, "never seen")
    with pytest.raises(ValueError, match="what came and what was expected"):
        require(False, "what came and what was expected")


@pytest.mark.parametrize("before", [True, False])
def test_double_precision_is_for_a_stretch_of_code(before):
    with jax.enable_x64(before):
        with double_precision():
            inside = jnp.ones(2) / 3
            assert inside.dtype == jnp.float64
            assert jax.jit(lambda x: x * 2)(inside).dtype == jnp.float64
        after = jnp.ones(2)
        assert after.dtype == (jnp.float64 if before else jnp.float32)
        assert inside.dtype == jnp.float64
