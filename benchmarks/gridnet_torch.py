"""A plain torch gridnet, for comparison only: gathers a patch per cell, block after block.

It follows the specification of the published reference, not its code. Run by benchmarks/gridnet.py
in an environment of its own, as `python gridnet_torch.py SIDE BLOCK OUTER BATCH REPEATS THREADS`;
prints one JSON line.
"""

import itertools
import json
import resource
import sys
import time

import torch
from torch import nn


class Gridnet(nn.Module):
    """One sweep: every block gathers the 27 neighbours of its cells from its window."""

    def __init__(self, side: int, block: int) -> None:
        super().__init__()
        self.side, self.block = side, block
        self.weight = nn.Parameter(torch.randn(27, side, side, side) / 27**0.5)
        self.bias = nn.Parameter(torch.zeros(side, side, side))
        self.scale = nn.Parameter(torch.ones(side, side, side))
        window = torch.arange((block + 2) ** 3).reshape(block + 2, block + 2, block + 2)
        taps = [
            window[a : a + block, b : b + block, c : c + block].reshape(-1)
            for a, b, c in itertools.product(range(3), repeat=3)
        ]
        self.register_buffer("taps", torch.stack(taps, dim=-1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`x + scale silu(h)`, block after block."""
        batch, block = x.shape[0], self.block
        padded = nn.functional.pad(x, (1,) * 6)
        index = self.taps.reshape(1, -1).expand(batch, -1)
        places = range(0, self.side, block)
        planes = []
        for i in places:
            bars = []
            for j in places:
                cubes = []
                for k in places:
                    inside = (slice(i, i + block), slice(j, j + block), slice(k, k + block))
                    window = padded[:, i : i + block + 2, j : j + block + 2, k : k + block + 2]
                    patch = window.reshape(batch, -1).gather(1, index).reshape(batch, -1, 27)
                    weight = self.weight[(slice(None), *inside)].reshape(27, -1).T
                    drive = (patch * weight).sum(-1) + self.bias[inside].reshape(-1)
                    change = self.scale[inside].reshape(-1) * nn.functional.silu(drive)
                    own = x[(slice(None), *inside)]
                    cubes.append(own + change.reshape(own.shape))
                bars.append(torch.cat(cubes, dim=3))
            planes.append(torch.cat(bars, dim=2))
        return torch.cat(planes, dim=1)


class Classifier(nn.Module):
    """The published MNIST model."""

    def __init__(self, side: int, block: int, outer: int) -> None:
        super().__init__()
        self.side, self.outer = side, outer
        self.init_in = nn.Parameter(torch.randn(side, side, side))
        self.network = Gridnet(side, block)
        self.norm = nn.LayerNorm((side, side, side))
        self.read_norm = nn.LayerNorm(side * side)
        self.proj = nn.Linear(side * side, 10)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Class scores of 28x28 images."""
        x = self.init_in[None].repeat(len(image), 1, 1, 1)
        at = (self.side - 28) // 2
        x[:, at : at + 28, at : at + 28, 0] = image
        for _ in range(self.outer):
            x = self.norm(self.network(x))
        return self.proj(self.read_norm(x[..., -1].flatten(1)))


def main() -> None:
    """Time forward passes and training steps."""
    side, block, outer, batch, repeats, threads = map(int, sys.argv[1:])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = Classifier(side, block, outer)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-3)
    image, label = torch.randn(batch, 28, 28), torch.randint(0, 10, (batch,))

    def forward() -> None:
        with torch.no_grad():
            model(image)

    def step() -> None:
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(image), label).backward()
        optimiser.step()

    found: dict[str, object] = {"torch": torch.__version__, "threads": threads}
    for name, run in (("forward", forward), ("step", step)):
        run()
        wall, cpu = [], []
        for _ in range(repeats):
            start, used = time.perf_counter(), time.process_time()
            run()
            wall.append(time.perf_counter() - start)
            cpu.append(time.process_time() - used)
        found[name] = {"wall_s": wall, "cpu_s": cpu}
    found["peak_rss_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps(found))


if __name__ == "__main__":
    main()
