"""The page's WGSL kernels on whatever adapter wgpu-py finds, against NumPy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

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


class Kernel:
    """One entry point of a WGSL file; buffers are bound in order."""

    def __init__(self, device: Any, name: str, entry: str = "main") -> None:
        self.device = device
        module = device.create_shader_module(code=(WGSL / f"{name}.wgsl").read_text())
        self.pipeline = device.create_compute_pipeline(
            layout="auto", compute={"module": module, "entry_point": entry}
        )

    def run(self, buffers: list[Any], groups: int) -> None:
        """One dispatch."""
        entries = [
            {"binding": n, "resource": {"buffer": buffer, "offset": 0, "size": buffer.size}}
            for n, buffer in enumerate(buffers)
        ]
        group = self.device.create_bind_group(
            layout=self.pipeline.get_bind_group_layout(0), entries=entries
        )
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
    kernel = Kernel(device, "leaky")
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
    np.testing.assert_allclose(read(device, out, (steps, cells)), expected, atol=2e-5)
