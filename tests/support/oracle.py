"""The rules of the leaky family once more, in NumPy, written from the equations.

Slow where it does not matter and without a compiler, so that many wirings can be tried. All arrays
are `[seed, batch, ...]`; a parameter vector is (bias, log_tau, slots ...).
"""

from collections import deque

import numpy as np

from latticework.core.fixed_point import FixedPoint
from latticework.core.network import Network
from latticework.core.topology import Wiring
from latticework.rules import Broadcast, HopTrace, NonIdealities


def distances(wiring: Wiring) -> np.ndarray:
    """`[cell, cell]` shortest number of hops, -1 where there is no path."""
    users = [[d for s, d, _ in wiring.edges if s == cell] for cell in range(wiring.num_cells)]
    table = np.full((wiring.num_cells,) * 2, -1)
    for start in range(wiring.num_cells):
        table[start, start] = 0
        queue = deque([start])
        while queue:
            cell = queue.popleft()
            for user in users[cell]:
                if table[start, user] < 0:
                    table[start, user] = table[start, cell] + 1
                    queue.append(user)
    return table


def softmax_error(scores: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(cross entropy, softmax - onehot)."""
    shifted = scores - scores.max(-1, keepdims=True)
    total = np.exp(shifted).sum(-1, keepdims=True)
    log_probs = shifted - np.log(total)
    one_hot = np.eye(scores.shape[-1])[targets]
    return -(log_probs * one_hot).sum(-1), np.exp(log_probs) - one_hot


def rounded(values: np.ndarray, storage: FixedPoint) -> np.ndarray:
    """Fixed point, to nearest."""
    step = storage.limit / 2 ** (storage.bits - 1)
    return np.clip(np.round(values / step) * step, -storage.limit, storage.limit - step)


class Oracle:
    """One network with parameters and a batch; `direction(rule, mode)` is the batch mean."""

    def __init__(self, network: Network, params, inputs, targets) -> None:
        self.network, self.wiring = network, network.wiring
        values = {name: np.asarray(value) for name, value in params.items()}
        self.rate = network.cell.dt / np.exp(values["log_tau"])[:, None]
        self.decay = np.exp(-self.rate)
        self.weight = values["weight"][:, None]
        self.bias = values["bias"][:, None]
        self.inputs, self.targets = np.asarray(inputs), np.asarray(targets)
        self.reach = distances(self.wiring)
        self._forward()

    def _forward(self) -> None:
        wiring = self.wiring
        seeds, batch, num_steps, _ = self.inputs.shape
        shape = (seeds, batch, num_steps, wiring.num_cells)
        self.u = np.zeros((*shape, wiring.num_slots))
        self.s, self.y = np.zeros(shape), np.zeros(shape)
        for t in range(num_steps):
            for k in range(wiring.num_cells):
                for f in range(wiring.num_slots):
                    if wiring.pred[k, f] >= 0:
                        self.u[:, :, t, k, f] = self.y[:, :, t, wiring.pred[k, f]]
                    elif wiring.channel[k, f] >= 0:
                        self.u[:, :, t, k, f] = self.inputs[:, :, t, wiring.channel[k, f]]
                a = self.decay[:, :, k]
                before = self.s[:, :, t - 1, k] if t else 0.0
                self.s[:, :, t, k] = a * before + (1 - a) * self.drive(t, k)
                self.y[:, :, t, k] = np.tanh(self.s[:, :, t, k] + self.bias[:, :, k])
        readout = self.network.readout
        self.readouts = readout.gain * self.y @ readout.counts(wiring).T
        self.scores = self.readouts.sum(2)

    def drive(self, t: int, k: int) -> np.ndarray:
        return (self.weight[:, :, k] * self.u[:, :, t, k]).sum(-1)

    def loss(self, mode: str) -> tuple[np.ndarray, np.ndarray]:
        """Mean loss `[seed]`, and `dL/dr` `[seed, batch, time, class]`."""
        num_steps = self.inputs.shape[2]
        if mode == "sum":
            loss, error = softmax_error(self.scores, self.targets)
            return loss.mean(1), np.repeat(error[:, :, None], num_steps, axis=2)
        each = np.repeat(self.targets[..., None], num_steps, axis=2)
        loss, error = softmax_error(self.readouts, each)
        return loss.mean((1, 2)), error / num_steps

    @property
    def correct(self) -> np.ndarray:
        return (self.scores.argmax(-1) == self.targets).mean(1)

    def direction(self, rule, mode: str) -> dict[str, np.ndarray]:
        """The batch mean; bptt and rtrl are hop_trace without a limit."""
        is_cut = isinstance(rule, HopTrace)
        hops = rule.hops if is_cut else self.wiring.num_cells
        ideal = rule.non_idealities if is_cut else NonIdealities()
        feedback = None
        if is_cut and isinstance(rule.signal, Broadcast):
            feedback = rule.signal.feedback(self.network)
        storage = rule.storage if is_cut else FixedPoint()
        total = self._run(hops, ideal, feedback, self.loss(mode)[1], storage)
        mean = total.mean(1)
        return {"bias": mean[..., 0], "log_tau": mean[..., 1], "weight": mean[..., 2:]}

    def _run(
        self, hops: int, ideal: NonIdealities, feedback, error: np.ndarray, storage: FixedPoint
    ) -> np.ndarray:
        wiring = self.wiring
        seeds, batch, num_steps, _ = self.inputs.shape
        width = wiring.num_slots + 2
        influence = {
            (j, d): np.zeros((seeds, batch, width))
            for d in range(wiring.num_cells)
            for j in range(wiring.num_cells)
            if 0 <= self.reach[j, d] <= hops
        }
        total = np.zeros((seeds, batch, wiring.num_cells, width))
        bias_only = np.eye(width)[0]
        for t in range(num_steps):
            slope = 1 - self.y[:, :, t] ** 2
            raw, read = self._messages(error[:, :, t], slope, ideal, feedback)
            outputs = {}
            for d in range(wiring.num_cells):  # predecessors come before their users
                a = self.decay[:, :, d, None]
                for j in range(d + 1):
                    if (j, d) not in influence:
                        continue
                    inflow = self._inflow(outputs, j, d) if j != d else self._immediate(t, d)
                    kept = (1 if j == d else 1 - ideal.trace_leak) * a * influence[j, d]
                    influence[j, d] = kept + inflow
                    outputs[j, d] = slope[:, :, d, None] * influence[j, d]
                    if j == d:
                        outputs[j, d] = outputs[j, d] + slope[:, :, d, None] * bias_only
                        total[:, :, j] += read[:, :, d, None] * outputs[j, d]
                    else:
                        past = kept + ideal.subtraction_bias * influence[j, d]
                        weight = np.asarray(ideal.read(raw[:, :, d], 0.0, 0.0)) * slope[:, :, d]
                        total[:, :, j] += weight[..., None] * past
            if storage.bits:
                influence = {pair: rounded(trace, storage) for pair, trace in influence.items()}
        return total

    def _inflow(self, outputs: dict, j: int, d: int) -> np.ndarray | float:
        total = 0.0
        for f, p in enumerate(self.wiring.pred[d].tolist()):
            if (j, p) in outputs:
                gain = (1 - self.decay[:, :, d]) * self.weight[:, :, d, f]
                total = total + gain[..., None] * outputs[j, p]
        return total

    def _immediate(self, t: int, k: int) -> np.ndarray:
        a = self.decay[:, :, k]
        before = self.s[:, :, t - 1, k] if t else 0.0
        by_log_tau = a * self.rate[:, :, k] * (before - self.drive(t, k))
        by_weight = (1 - a)[..., None] * self.u[:, :, t, k]
        return np.concatenate([0 * by_log_tau[..., None], by_log_tau[..., None], by_weight], -1)

    def _messages(self, error, slope, ideal: NonIdealities, feedback):
        wiring = self.wiring
        raw = np.zeros_like(slope)
        readout = self.network.readout
        raw += readout.gain * error @ readout.counts(wiring)
        if feedback is not None:
            raw += error @ feedback.T
        read = np.zeros_like(raw)
        for d in range(wiring.num_cells - 1, -1, -1):
            read[:, :, d] = np.asarray(ideal.read(raw[:, :, d], 0.0, 0.0))
            if feedback is None:
                for f, p in enumerate(wiring.pred[d].tolist()):
                    if p >= 0:
                        gain = (1 - self.decay[:, :, d]) * self.weight[:, :, d, f]
                        raw[:, :, p] += read[:, :, d] * slope[:, :, d] * gain
        return raw, read
