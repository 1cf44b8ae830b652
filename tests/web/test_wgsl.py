"""The page's WGSL kernels on whatever adapter wgpu-py finds, against NumPy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.close import FEW_ROUNDINGS, SUMS, close_to_largest

WGSL = Path(__file__).resolve().parents[2] / "web" / "src" / "engines" / "wgsl"


@pytest.fixture(scope="session")
def device() -> Any:
    """A device, or a skip that says what is missing."""
    wgpu = pytest.importorskip("wgpu", reason="no wgpu; `make browser` gets it")
    try:
        adapter = wgpu.gpu.request_adapter_sync()
        return adapter.request_device_sync()
    except Exception as error:
        pytest.skip(f"no graphics adapter for wgpu ({error})")


KINDS = {"u": "uniform", "r": "read-only-storage", "w": "storage"}


class Kernel:
    """One entry point of a WGSL file; buffers are bound in order, kinds as in gpu/device.ts."""

    def __init__(self, device: Any, name: str, kinds: str, entry: str = "main") -> None:
        self.device = device
        module = device.create_shader_module(code=(WGSL / f"{name}.wgsl").read_text())
        self.layout = device.create_bind_group_layout(
            entries=[
                {"binding": n, "visibility": "COMPUTE", "buffer": {"type": KINDS[kind]}}
                for n, kind in enumerate(kinds)
            ]
        )
        self.pipeline = device.create_compute_pipeline(
            layout=device.create_pipeline_layout(bind_group_layouts=[self.layout]),
            compute={"module": module, "entry_point": entry},
        )

    def run(self, buffers: list[Any], groups: int) -> None:
        """One dispatch."""
        entries = [
            {"binding": n, "resource": {"buffer": buffer, "offset": 0, "size": buffer.size}}
            for n, buffer in enumerate(buffers)
        ]
        group = self.device.create_bind_group(layout=self.layout, entries=entries)
        encoder = self.device.create_command_encoder()
        compute = encoder.begin_compute_pass()
        compute.set_pipeline(self.pipeline)
        compute.set_bind_group(0, group)
        compute.dispatch_workgroups(groups)
        compute.end()
        self.device.queue.submit([encoder.finish()])


def buffer(device: Any, data: np.ndarray, *, is_uniform: bool = False) -> Any:
    import wgpu

    kind = wgpu.BufferUsage.UNIFORM if is_uniform else wgpu.BufferUsage.STORAGE
    usage = kind | wgpu.BufferUsage.COPY_SRC | wgpu.BufferUsage.COPY_DST
    return device.create_buffer_with_data(data=np.ascontiguousarray(data), usage=usage)


def uniform(device: Any, *values: int) -> Any:
    padded = np.zeros(4 * ((len(values) + 3) // 4), np.uint32)
    padded[: len(values)] = values
    return buffer(device, padded, is_uniform=True)


def mixed(device: Any, whole: list[int], fractions: list[float]) -> Any:
    """Whole numbers, then fractions, in words of four bytes."""
    words = np.concatenate(
        [np.array(whole, np.uint32), np.array(fractions, np.float32).view(np.uint32)]
    )
    return buffer(device, words, is_uniform=True)


def floats(device: Any, values: np.ndarray) -> Any:
    return buffer(device, np.asarray(values, np.float32))


def read(device: Any, source: Any, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(device.queue.read_buffer(source), np.float32).reshape(shape)


def test_leaky(device):
    """A skewed wavefront over a random wiring equals the plain sweep."""
    rng = np.random.default_rng(1)
    cells, slots, channels, steps = 23, 3, 5, 7
    pred = np.array(
        [
            [int(rng.integers(-1, max(k, 1))) if k else -1 for _ in range(slots)]
            for k in range(cells)
        ]
    )
    channel = np.where(pred < 0, rng.integers(-1, channels, pred.shape), -1)
    depth = np.zeros(cells, int)
    for k in range(cells):
        depth[k] = max((depth[p] + 1 for p in pred[k] if p >= 0), default=0)
    decay, bias = rng.uniform(0.2, 0.9, cells), rng.normal(0, 0.3, cells)
    weight, inputs = rng.normal(0, 1, (cells, slots)), rng.uniform(0, 5, (steps, channels))
    expected, state = np.zeros((steps, cells)), np.zeros(cells)
    for t in range(steps):
        for k in range(cells):
            seen = [
                expected[t, p] if p >= 0 else inputs[t, c] if c >= 0 else 0.0
                for p, c in zip(pred[k], channel[k], strict=True)
            ]
            state[k] = decay[k] * state[k] + (1 - decay[k]) * float(weight[k] @ seen)
            expected[t, k] = np.tanh(state[k] + bias[k])
    kernel = Kernel(device, "leaky", "urrrwwu")
    numbers = np.concatenate([decay[:, None], bias[:, None], weight], axis=1)
    tables = np.concatenate([depth[:, None], pred, channel], axis=1)
    out = buffer(device, np.zeros((steps, cells), np.float32))
    fixed = [
        uniform(device, cells, slots, channels, steps),
        buffer(device, numbers.astype(np.float32)),
        buffer(device, tables.astype(np.int32)),
        buffer(device, inputs.astype(np.float32)),
        buffer(device, np.zeros((steps, cells), np.float32)),
        out,
    ]
    for tick in range(steps + depth.max()):
        kernel.run([*fixed, uniform(device, tick)], 1)
    close_to_largest(read(device, out, (steps, cells)), expected, 2 * SUMS)


def window_step(u, weight, bias, scale, block, mean_and_gain):
    """One inner step of the block whose window is `u`, as the specification says it."""
    mean, gain = mean_and_gain(u)
    z = (u - mean) * gain
    drive = bias.copy()
    for d in range(27):
        a, b, c = d // 9, d // 3 % 3, d % 3
        drive += weight[d] * z[a : a + block[0], b : b + block[1], c : c + block[2]]
    new = u.copy()
    new[1:-1, 1:-1, 1:-1] += scale * np.tanh(drive)
    return new


def moments(u):
    return u.mean(), 1 / (u.std() + 1e-5)


@pytest.mark.parametrize("is_normal", [False, True])
def test_gridnet(device, is_normal):
    """Two inner steps in blocks with a stale halo, with and without block normalisation."""
    rng = np.random.default_rng(2)
    shape, block = (4, 4, 6), (2, 4, 3)
    cells = int(np.prod(shape))
    weight, state = rng.normal(0, 0.2, (27, *shape)), rng.normal(size=shape)
    bias, scale = rng.normal(0, 0.2, shape), rng.normal(1, 0.1, shape)
    padded, expected = np.pad(state, 1), np.zeros(shape)
    for i in range(0, shape[0], block[0]):
        for k in range(0, shape[2], block[2]):
            at = (slice(i, i + block[0]), slice(None), slice(k, k + block[2]))
            u = padded[i : i + block[0] + 2, :, k : k + block[2] + 2]
            for _ in range(2):
                statistics = moments if is_normal else lambda u: (0.0, 1.0)
                u = window_step(u, weight[:, *at], bias[at], scale[at], block, statistics)
            expected[at] = u[1:-1, 1:-1, 1:-1]
    settings = mixed(
        device, [*shape, cells, *block, 3, 0, int(is_normal), 0, 0], [1e-5, 0.0, 0.0, 0.0]
    )
    sweep, stats = Kernel(device, "gridnet", "urrrrwr"), Kernel(device, "gridnet_stats", "urrw")
    stale, first, second = floats(device, state), *(floats(device, state) for _ in range(2))
    moment = floats(device, np.zeros(2 * 4))
    fixed = [settings, floats(device, weight), floats(device, np.stack([bias, scale])), stale]
    now = stale
    for following in (first, second):
        stats.run([settings, stale, now, moment], 1)
        sweep.run([*fixed, now, following, moment], 2)
        now = following
    close_to_largest(read(device, now, shape), expected, SUMS)


def test_layer_norm(device):
    rng = np.random.default_rng(3)
    cells, chunk = 700, 256
    x, w, b = rng.normal(3, 2, cells), rng.normal(size=cells), rng.normal(size=cells)
    parts = -(-cells // chunk)
    buffers = [
        mixed(device, [cells, chunk, parts], [1e-5]),
        floats(device, x),
        floats(device, np.zeros(parts)),
        floats(device, np.zeros(parts)),
        floats(device, np.concatenate([w, b])),
        floats(device, np.zeros(cells)),
    ]
    for entry in ("add", "spread", "scale"):
        Kernel(device, "layer_norm", "urwwrw", entry).run(buffers, 11)
    expected = (x - x.mean()) / np.sqrt(x.var() + 1e-5) * w + b
    close_to_largest(read(device, buffers[-1], (cells,)), expected, SUMS)


def test_combine(device):
    rng = np.random.default_rng(4)
    a, b, c = rng.normal(size=(3, 100))
    out = floats(device, np.zeros(100))
    kernel = Kernel(device, "combine", "urrrw")
    settings = mixed(device, [100], [0.5, -2.0, 0.0])
    kernel.run([settings, *(floats(device, v) for v in (a, b, c)), out], 2)
    close_to_largest(read(device, out, (100,)), a + 0.5 * b - 2 * c, FEW_ROUNDINGS)


@pytest.mark.parametrize("rule", ["sum", "average"])
def test_glom(device, rule):
    """One step of columns on a torus: three nets, a dead site, the bottom fed afresh."""
    rng = np.random.default_rng(5)
    rows, cols, levels, d = 3, 4, 3, 10
    nets = [(0, 1), (1, 1), (2, 1), (1, 2)]
    state = rng.normal(0, 0.3, (levels, d, rows, cols))
    bottom, alive = rng.normal(size=(d, rows, cols)), np.ones((rows, cols))
    alive[1, 2] = 0
    shapes = [(d, 9 * d), (d,), (d, d), (d,), (d, d), (d,), (d, 2)]
    params = [[rng.normal(0, 0.3, shape) for shape in shapes] for _ in nets]
    said, writers = np.zeros_like(state), np.zeros(levels)
    y, x = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, cols), indexing="ij")
    for (reads, writes), (w1, b1, w2, b2, w3, b3, place) in zip(nets, params, strict=True):
        rolled = [np.roll(state[reads], (sy, sx), (1, 2)) for sy in (-1, 0, 1) for sx in (-1, 0, 1)]
        seen = np.concatenate(rolled).reshape(9 * d, -1)
        told = place @ np.stack([y.ravel(), x.ravel()])
        q = np.tanh(w1 @ seen + b1[:, None] + told)
        k = np.tanh(w2 @ q + b2[:, None]) + q
        v = np.tanh(w3 @ k + b3[:, None]) + q + k
        said[writes] += 0.2 * v.reshape(d, rows, cols)
        writers[writes] += 1
    share = 1 / (1 + writers) if rule == "average" else np.ones(levels)
    expected = np.where(alive > 0, share[:, None, None, None] * (state + said), state)
    expected[0] = bottom
    settings = mixed(
        device,
        [rows, cols, levels, d, len(nets), int(rule == "average"), 1, 1],
        [0.2, 0.0, 0.0, 0.0],
    )
    packed = np.concatenate([part.ravel() for net in params for part in net])
    out = floats(device, np.zeros(state.size))
    buffers = [
        settings,
        buffer(device, np.array(nets, np.uint32)),
        floats(device, packed),
        floats(device, np.concatenate([bottom.ravel(), alive.ravel()])),
        floats(device, state),
        out,
    ]
    Kernel(device, "glom", "urrrrw").run(buffers, 1)
    close_to_largest(read(device, out, state.shape), expected, SUMS)


def test_tnn(device):
    """One wave of one column: crossings, winners with ties, and a buffer that keeps them."""
    rng = np.random.default_rng(6)
    length, sources, size, winners, threshold = 8, 12, 9, 3, 20.0
    counts = rng.integers(0, length + 1, sources)
    weight = rng.integers(0, 9, (sources, size)).astype(float)
    full = (1 << length) - 1
    trains = np.zeros((2, sources + 2 * size), np.uint32)
    trains[0, :sources] = [((full << (length - c)) & full) if c else 0 for c in counts]
    late = (trains[0, :sources] << 1) & full
    drive = np.stack([((late >> t) & 1) @ weight for t in range(length)])
    crossing = [
        next((t for t in range(length) if drive[t, j] >= threshold), 99) for j in range(size)
    ]
    order = sorted((t, j) for j, t in enumerate(crossing) if t < length)[:winners]
    expected = np.zeros(size, np.uint32)
    for t, j in order:
        expected[j] = (full << t) & full
    units = sources + 2 * size
    links = np.array([[0, sources, 0, 0]], np.uint32)
    links[0, 3] = np.float32(1).view(np.uint32)
    store = buffer(device, trains)
    rest = [
        buffer(device, links),
        floats(device, weight),
        store,
        buffer(device, np.zeros(units, np.uint32)),
        floats(device, np.zeros(2 * units)),
    ]
    at = [0, units, length, length]
    column = mixed(device, [*at, sources, size, winners, 1, 1, 0, 0, 0], [threshold, 0.0, 0.0, 0.0])
    for entry in ("cross", "win"):
        Kernel(device, "tnn", "urrwww", entry).run([column, *rest], 1)
    kept = mixed(device, [*at, sources + size, size, 0, 0, 1, sources, 0, 0], [0.0] * 4)
    Kernel(device, "tnn", "urrwww", "keep").run([kept, *rest], 1)
    found = np.frombuffer(device.queue.read_buffer(store), np.uint32).reshape(2, units)
    assert len(order) == winners
    np.testing.assert_array_equal(found[0, sources : sources + size], expected)
    np.testing.assert_array_equal(found[1, sources + size :], (expected << 1) & full)
