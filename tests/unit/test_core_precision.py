"""Products are whole on a device that would round their factors."""

import jax
import jax.numpy as jnp
import pytest
from jax.lax import Precision

from latticework.core.precision import whole_products


def precision_of_a_product() -> Precision | None:
    program = jax.make_jaxpr(lambda a: a @ a)(jnp.ones((2, 2)))
    taken = program.eqns[0].params["precision"]
    return taken[0] if isinstance(taken, tuple) else taken


@pytest.mark.parametrize(
    ("backend", "told", "taken"),
    [
        ("gpu", None, Precision.HIGHEST),
        ("gpu", "tensorfloat32", Precision.HIGH),
        ("cpu", None, None),
    ],
)
def test_products(monkeypatch, backend, told, taken):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    with jax.default_matmul_precision(told), whole_products():
        assert precision_of_a_product() == taken
    assert precision_of_a_product() is None
