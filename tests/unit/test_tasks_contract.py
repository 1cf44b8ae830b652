"""What every registered task must do; a new one is covered without a line here."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from latticework.core.registry import Registry
from latticework.core.task import AbstractTask, Dataset
from latticework.tasks import TASKS, DataSource, resolve
from latticework.tasks.image_folder import ImageFolder
from support.close import FEW_ROUNDINGS, close_to_largest
from support.instances import instances


def runnable(params: list) -> list:
    """All but a folder of images: it has no embedded stand-in, and test_image_folder makes one."""
    return [one for one in params if not isinstance(one.values[0], ImageFolder)]


EVERY = runnable(instances(TASKS))
OFFLINE = DataSource(offline=True)


def check_task(task: AbstractTask) -> None:
    """Plain, loadable without files or network, and encoded as it says."""
    assert dataclasses.is_dataclass(task)
    assert dataclasses.replace(task) == task
    assert hash(dataclasses.replace(task)) == hash(task)
    json.dumps(dataclasses.asdict(task), allow_nan=False)
    used, data = resolve(task, OFFLINE)
    assert used == task
    check_data(task, data)
    check_encoding(task, data.test_inputs[:6])


def check_data(task: AbstractTask, data: Dataset) -> None:
    assert data.name
    assert data.notice == ""
    for inputs, targets in (
        (data.train_inputs, data.train_targets),
        (data.test_inputs, data.test_targets),
    ):
        assert len(inputs) == len(targets) > 0
        assert targets.dtype == np.int32
        assert targets.min() >= 0
        assert targets.max() < task.num_classes
    assert data.train_inputs.shape[1:] == data.test_inputs.shape[1:]


def check_encoding(task: AbstractTask, raw: np.ndarray) -> None:
    shape = (task.num_steps, task.num_channels)
    eager = np.asarray(task.encode(raw))
    assert eager.dtype == np.float32
    assert eager.shape == (6, *shape)
    assert np.isfinite(eager).all()
    assert eager.any()
    jitted = jax.jit(task.encode)(raw)
    close_to_largest(jitted, eager, FEW_ROUNDINGS)
    nested = np.asarray(task.encode(raw.reshape(2, 3, *raw.shape[1:])))
    close_to_largest(nested.reshape(6, *shape), eager, FEW_ROUNDINGS)
    one = np.asarray(task.encode(raw[0]))
    close_to_largest(one, eager[0], FEW_ROUNDINGS)


@pytest.mark.parametrize("task", EVERY)
def test_contract(task):
    check_task(task)


@dataclasses.dataclass(frozen=True)
class Constant(AbstractTask):
    """A dummy: the class is in the input. `fault` breaks one clause."""

    fault: str = ""
    num_steps: int = 2
    num_channels: int = 1
    num_classes: int = 3

    def load(self, source) -> Dataset:
        targets = np.arange(12, dtype=np.int32) % (4 if self.fault == "classes" else 3)
        inputs = np.ones((12, 2, 1), np.float32) * (targets[:, None, None] + 1).astype(np.float32)
        return Dataset(inputs, targets, inputs, targets, name="constant")

    def encode(self, raw):
        encoded = jax.numpy.asarray(raw)
        if self.fault == "steps":
            return encoded[..., :1, :]
        if self.fault == "batch axes" and raw.ndim == 4:
            return encoded * 2
        if self.fault == "dtype":
            return encoded.astype(jax.numpy.float64)
        return encoded


def test_a_new_task_is_covered_by_its_registration():
    registry = Registry("task", {**TASKS.entries, "constant": Constant}, TASKS.examples)
    assert len(runnable(instances(registry))) == len(EVERY) + 1
    check_task(Constant())


@pytest.mark.parametrize("fault", ["classes", "steps", "batch axes", "dtype"])
def test_the_contract_catches(fault):
    with pytest.raises(AssertionError):
        check_task(Constant(fault))
