"""The published step of GLOM in plain torch, for the benchmark alone: written from its description.

Runs in an environment of its own (pip install torch==2.13.0); benchmarks/glom.py starts it. Reads
batch sizes from standard input, takes one training step for each and answers with one JSON line.
"""

import json
import resource
import sys
import time

import torch
from torch import nn

LEVELS, LENGTH, SIDE, STEPS, EPSILON = 4, 10, 28, 30, 0.7


class Net(nn.Module):
    """Three tanh layers with sums, dropout before each."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(9 * LENGTH, LENGTH)
        self.second = nn.Linear(LENGTH, LENGTH)
        self.third = nn.Linear(LENGTH, LENGTH)
        self.drop = nn.Dropout(0.1)

    def forward(self, x):
        q = torch.tanh(self.first(self.drop(x)))
        k = torch.tanh(self.second(self.drop(q))) + q
        return 0.01 * (torch.tanh(self.third(self.drop(k))) + q + k)


def attention(neighbour, state, discounts):
    """What the published program computes and throws away."""
    products = neighbour @ state.transpose(-1, -2)
    agreement = torch.diagonal(products, dim1=-2, dim2=-1)
    numbers = (agreement.unsqueeze(-2) @ discounts).squeeze(-2)
    return numbers.detach().unsqueeze(-1) * neighbour


class Glom(nn.Module):
    """Eight nets and thirty steps."""

    def __init__(self):
        super().__init__()
        self.bottom_up = nn.ModuleList(Net() for _ in range(LEVELS - 1))
        self.same_level = nn.ModuleList(Net() for _ in range(LEVELS - 1))
        self.top_down = nn.ModuleList(Net() for _ in range(LEVELS - 2))
        p, q = torch.meshgrid(torch.arange(LEVELS), torch.arange(LEVELS), indexing="ij")
        self.discounts = torch.where(p >= q, EPSILON ** (p - q + 1.0), torch.zeros(()))

    def delta(self, state):
        shifts = [(row, col) for row in (-1, 0, 1) for col in (-1, 0, 1)]
        blocks = [torch.roll(state, shift, (1, 2)) for shift in shifts]
        _ = [attention(block, state, self.discounts) for block in blocks]
        around = torch.cat(blocks, dim=-1)
        change = torch.zeros_like(state)
        for i in range(LEVELS - 1):
            change[:, :, :, i + 1] += self.bottom_up[i](around[:, :, :, i])
            change[:, :, :, i + 1] += self.same_level[i](around[:, :, :, i + 1])
            if i < LEVELS - 2:
                change[:, :, :, i + 1] += self.top_down[i](around[:, :, :, i + 2])
        return change

    def forward(self, state):
        held = [state, state, state]
        periods = (STEPS // 2, STEPS // 4, STEPS // 8)
        for t in range(STEPS):
            state = state + self.delta(state) + 1e-4 * torch.rand_like(state)
            for r, period in enumerate(periods):
                if t % period == 0:
                    state = state + 0.1 * held[r]
                    held[r] = state
        return state + 0.1 * (held[0] + held[1] + held[2])


def main():
    torch.manual_seed(0)
    network = Glom()
    adam = torch.optim.Adam(network.parameters(), lr=0.01)
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        batch = int(line)
        pixels = torch.rand(batch, SIDE, SIDE, 1)
        labels = torch.randint(10, (batch,))
        start, used = time.perf_counter(), time.process_time()
        state = 0.1 * torch.rand(batch, SIDE, SIDE, LEVELS, LENGTH)
        state[:, :, :, 0] = pixels
        wanted = nn.functional.one_hot(labels, 10).float()[:, None, None].expand(-1, SIDE, SIDE, -1)
        loss = nn.functional.mse_loss(network(state)[:, :, :, -1], wanted)
        adam.zero_grad()
        loss.backward()
        adam.step()
        answer = {
            "wall": time.perf_counter() - start,
            "cpu": time.process_time() - used,
            "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
            "loss": float(loss.detach()),
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
