"""A network of columns as the tables that the compiled kernel reads (`native/waves.hpp`)."""

import numpy as np

from latticework.kernels.wave_problem import WaveProblem
from latticework.rules.stdp import UNITS, Stdp


def wave_tables(problem: WaveProblem, record: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers and real ones, in the order of `WavePlan::parse`."""
    wiring, schedule = problem.wiring, problem.schedule
    names = list(wiring.populations)
    sizes = problem.sizes
    columns = wiring.ordered_columns()
    blocks = list(wiring.blocks)
    rules: list[Stdp] = []
    table = [
        schedule.length,
        schedule.last_step,
        problem.num_channels,
        int(schedule.right_winners),
        int(schedule.separate_waves),
        int(schedule.tie_break == "random"),
    ]
    links: list[int] = []
    for link in wiring.links:
        rule = -1
        if isinstance(link.rule, Stdp):
            rule = len(rules)
            rules.append(link.rule)
        place = [names.index(link.source), names.index(link.target), blocks.index(link.block)]
        links += [*place, rule, problem.lag_of(link.source)]
    table += [len(names), len(wiring.inputs), len(columns), len(wiring.buffers)]
    table += [len(wiring.links), len(blocks), len(rules), len(record)]
    table += [sizes[name] for name in names]
    for part in wiring.inputs:
        table += part.channels(problem.num_channels).tolist()
    for column in columns:
        winners = column.winners or 0
        # As many winners as neurons is no inhibition.
        table += [names.index(column.name), 0 if winners >= column.size else winners]
    for buffer in wiring.buffers:
        silent = problem.heights[buffer.name] == 0
        table += [names.index(buffer.name), names.index(buffer.of), int(silent)]
    table += links
    for link in wiring.blocks.values():
        table += [sizes[link.source], sizes[link.target]]
    table += [names.index(name) for name in record]
    numbers = [column.threshold for column in columns]
    numbers += [problem.heights[name] for name in names]
    for rule in rules:
        chances = (rule.capture, rule.minus, rule.search, rule.backoff)
        numbers += [*(value / UNITS for value in chances), 1 - rule.u_min / UNITS, rule.w_max]
    return np.array(table, np.int32), np.array(numbers, np.float64)
