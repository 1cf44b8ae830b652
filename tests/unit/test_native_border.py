"""What the compiled kernels refuse: from Python before tracing, and in C++ what Python let by."""

import re
import subprocess
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latticework.core.byte_encoding import in_order
from latticework.kernels import Problem, border
from latticework.kernels.native_kernel import NativeKernel
from latticework.kernels.wave_native import NativeWaveKernel
from latticework.kernels.wave_problem import WaveProblem
from latticework.rules import HopTrace
from latticework.topologies import Grid
from support.native import Sizes, drawn, needs_extension
from support.spiking import CHANNELS, SCHEDULES, WIRINGS, trains, weights

pytestmark = needs_extension
ROOT = Path(__file__).parents[2]
NATIVE = ROOT / "src/latticework/kernels/native"


def leaky():
    network, params, inputs, targets = drawn(Grid(3, 2), Sizes(2, 3, 4, 1))
    single = {name: value.astype(jnp.float32) for name, value in params.items()}
    kernel = NativeKernel(Problem(network, HopTrace(hops=1), "sum"))
    return kernel, single, inputs.astype(jnp.float32), targets


def damaged(name, change):
    """The parameters, with one array changed."""
    _, params, _, _ = leaky()
    return params | {name: change(params[name])}


WRONG = {
    "an axis less": (
        "weight",
        lambda w: w[0],
        r"weight has shape \[6, 2\], expected \[seed\+, cell",
    ),
    "another seed": ("weight", lambda w: w[:1], r"weight has shape \[1, 6, 2\].* here \[2, 6, 2\]"),
    "a slot more": ("weight", lambda w: jnp.pad(w, ((0, 0),) * 2 + ((0, 1),)), "weight has shape"),
    "empty": ("weight", lambda w: w[:, :, :0], r"weight has shape \[2, 6, 0\]"),
    "flat": ("weight", lambda w: w.reshape(-1), r"weight has shape \[24\]"),
    "an axis more": ("weight", lambda w: w[None], r"weight has shape \[1, 2, 6, 2\]"),
    "a column short": ("bias", lambda b: b[:, :-1], r"bias has shape \[2, 5\]"),
    "transposed": ("bias", lambda b: b.T, r"bias has shape \[6, 2\]"),
    "half": ("bias", lambda b: b.astype(jnp.float16), "bias is float16|in float32 and float64"),
    "complex": (
        "bias",
        lambda b: b.astype(jnp.complex64),
        "bias is complex64|in float32 and float",
    ),
    "double": ("bias", lambda b: b.astype(jnp.float64), "float64, expected|expected float64"),
}


@pytest.mark.parametrize("case", WRONG)
def test_parameters_of_another_shape_or_type_are_refused(case):
    name, change, sentence = WRONG[case]
    kernel, _, inputs, targets = leaky()
    params = damaged(name, change)
    with jax.numpy_dtype_promotion("standard"):
        with pytest.raises(ValueError, match=sentence):
            kernel.updates(params, inputs, targets)
        with pytest.raises(ValueError, match=sentence):
            jax.jit(kernel.updates)(params, inputs, targets)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda i, t: (i, t.astype(jnp.float32)), "targets is float32, expected int32; convert it"),
        (
            lambda i, t: (i, t.astype(jnp.int16).at[1, 2].set(300)),
            "targets has 300 at 5",
        ),
        (lambda i, t: (i.astype(jnp.float16), t), "inputs is float16, expected float32 or float64"),
        (
            lambda i, t: (i[..., :-1], t),
            r"inputs has shape .*, expected \[seed\+, batch, time, chan",
        ),
        (lambda i, t: (i, t[:, :-1]), "targets has shape"),
        (lambda i, t: (i, t.at[1, 2].set(10)), r"targets has 10 at 5, expected 0 <= x < class"),
        (lambda i, t: (i, t.at[0, 0].set(-1)), "targets has -1 at 0"),
        (lambda i, t: (i[:, :0], t[:, :0]), "batch is 0"),
        (lambda i, t: (i[:, :, :0], t), "time is 0"),
    ],
)
def test_data_that_do_not_fit_are_refused(change, sentence):
    kernel, params, inputs, targets = leaky()
    with pytest.raises(ValueError, match=sentence):
        kernel.updates(params, *change(inputs, targets))


def test_what_python_cannot_see_is_refused_by_the_handler():
    """Classes are known only once the call is made."""
    kernel, params, inputs, targets = leaky()
    run = jax.jit(kernel.updates)
    fine = run(params, inputs, targets)
    with pytest.raises(Exception, match="targets has 77 at 0, expected 0 <= x < class with class"):
        jax.block_until_ready(run(params, inputs, targets.at[0, 0].set(77)))
    again = run(params, inputs, targets)
    np.testing.assert_array_equal(fine.loss, again.loss)


def test_orders_beyond_the_examples_are_refused():
    kernel, params, inputs, targets = leaky()
    encoding = in_order(tuple(range(256)), 4, inputs.shape[-1])
    steps = kernel.fused_sgd(dict.fromkeys(params, 0.1), encoding)
    pixels = jnp.zeros((3, 4, inputs.shape[-1]), jnp.uint8)
    bounds = (jnp.int32(0), jnp.int32(2))
    order = jnp.asarray([[0, 2], [1, 3]], jnp.int32)
    with pytest.raises(
        ValueError, match="order has 3 at 3, expected 0 <= x < example with example 3"
    ):
        steps(params, pixels, targets[0], order, *bounds)
    with pytest.raises(ValueError, match="order is int64, expected int32"):
        steps(params, pixels, targets[0], jnp.zeros((2, 2), jnp.int64), *bounds)
    with pytest.raises(
        ValueError, match="bounds has 3 at 1, expected 0 <= x <= length with length 2"
    ):
        steps(params, pixels, targets[0], order % 3, jnp.int32(0), jnp.int32(3))


def wave_arguments():
    problem = WaveProblem(WIRINGS["recurrent"], SCHEDULES["faithful"], CHANNELS)
    start = {name: jnp.asarray(value)[None] for name, value in weights(problem, 1).items()}
    shown = jnp.asarray(trains(5, 1, 2, 3, CHANNELS))
    return NativeWaveKernel(problem), start, shown, jnp.asarray([[1, 2]], jnp.uint32)


def test_waves_refuse_what_they_cannot_show():
    kernel, start, shown, keys = wave_arguments()
    wrong = [
        ((shown, keys.reshape(-1), jnp.uint32(0)), r"keys has shape \[2\], expected \[seed, 2\]"),
        ((shown.at[0, 0, 0, 0].set(256), keys, 0), "trains has 256 at 0, expected 0 <= x < full"),
        ((shown, keys, 2**40), "the first example has number 1099511627776, expected 0 to"),
        ((shown, keys, jnp.int64(2**40)), "number is int64 of shape .*, expected one uint32"),
        ((shown, keys, 2**32 - 1), "first has 4294967295 at 0, expected 0 <= x <= 2"),
        ((shown[:, :, :, :-1], keys, 0), "trains has shape"),
    ]
    for arguments, sentence in wrong:
        with pytest.raises(ValueError, match=sentence):
            kernel.run(start, *arguments, learns=True)
    with pytest.raises(ValueError, match="records has population 1 twice"):
        kernel.run(start, shown, keys, 0, learns=True, record=("r", "r"))


def test_every_handler_has_a_table_and_every_call_passes_the_border():
    """No other module calls a handler, so that no argument goes unseen."""
    tables = border.tables()
    defined = re.findall(
        r"LW_DEFINE_HANDLER\((\w+),", "".join(p.read_text() for p in NATIVE.glob("*.cpp"))
    )
    assert sorted(tables) == sorted(f"latticework_{name}" for name in defined)
    assert all(
        {"argument", "result", "attribute"} <= {row["place"] for row in rows}
        for rows in tables.values()
    )
    package = ROOT / "src" / "latticework"
    callers = {p.name for p in package.rglob("*.py") if "ffi_call(" in p.read_text()}
    # Handlers of a GPU are another library's, which looks at its arguments itself.
    assert callers == {"border.py", "cuda_cube.py"}


def test_names_of_arguments_are_checked():
    with pytest.raises(ValueError, match=r"has the arguments weight1, .*; got none"):
        border.call("latticework_glom", {}, {}, {}, vmap_method="sequential")


def test_code_of_one_simd_level_shares_nothing():
    """What the linker may take for all levels must not be compiled for one."""
    own = re.compile(r"#include <(?!cstddef|cstdint|cstring|utility|immintrin\.h)(\w+)>")
    levels = ["level.cpp", "cube_level.cpp", "glom_level.cpp", "waves_level.cpp"]
    seen, queue = set(), list(levels)
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen.add(name)
        text = (NATIVE / name).read_text()
        assert not own.findall(text), f"{name} includes more of the standard library than plain C"
        code = re.sub(r"//.*", "", text)
        used = re.findall(r"std::(?!mem\w+\(|(?:make_)?integer_sequence)\w+", code)
        assert not used, f"{name} uses {used[0]}, of which a linker keeps one copy for all levels"
        queue += re.findall(r'#include "(\w+\.\w+)"', text)


@pytest.mark.all
def test_objects_of_simd_levels_have_no_weak_symbols_of_the_standard_library(tmp_path):
    for source in ("level", "cube_level", "glom_level", "waves_level"):
        target = tmp_path / f"{source}.o"
        words = [
            "c++",
            "-std=gnu++17",
            "-O1",
            "-mavx2",
            "-mfma",
            "-fvisibility=hidden",
            "-Wno-psabi",
            "-c",
        ]
        defined = ["-DLW_LEVEL=avx2", "-DLW_VECTOR_BYTES=32"]
        subprocess.run(
            [*words, *defined, str(NATIVE / f"{source}.cpp"), "-o", str(target)], check=True
        )
        symbols = subprocess.run(
            ["nm", "-C", str(target)], check=True, capture_output=True, text=True
        )
        weak = [line for line in symbols.stdout.splitlines() if re.match(r"\S* [WVu] std::", line)]
        assert not weak, f"{source}: {weak[:3]}"
