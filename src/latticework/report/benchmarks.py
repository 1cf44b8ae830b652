"""Tables of the committed benchmarks."""

from collections.abc import Mapping, Sequence
from typing import Any

from latticework.report.markdown import markdown


def leaky_table(record: Mapping[str, Any], sections: Sequence[str]) -> str:
    """Microseconds per image and the share of the machine's peak, for some sections."""
    peak = record["machine"]["peak_gflops_float32"]
    rows = []
    for row in record["rows"]:
        if row["section"] not in sections:
            continue
        gflops = row["gflops"]
        share = "-" if gflops is None or not peak else f"{gflops / peak / row['threads']:.0%}"
        work = {"learn": row["rule"], "score": "forward", "fused": f"{row['rule']}, fused SGD"}
        rows.append(
            (
                row["case"],
                work[row["work"]],
                row["path"],
                row["batch"],
                row["steps"],
                row["threads"],
                f"{row['us']:.1f}",
                f"{row['us_min']:.1f} .. {row['us_max']:.1f}",
                "-" if gflops is None else f"{gflops:.1f}",
                share,
            )
        )
    headers = ("network", "work", "path", "batch", "steps", "threads")
    headers += ("us per image", "range", "GFLOP/s", "of peak")
    return markdown(headers, rows)


def gridnet_table(record: Mapping[str, Any] | None) -> str:
    """Forward pass and training step of the published cube: kernel, XLA, plain torch."""
    if record is None:
        return "`benchmarks/gridnet.py` has not been run."
    summary = record["summary"]
    flops = {"forward": record["stencil_flops_forward"]}
    flops["step"] = 3 * flops["forward"]
    peak = record["machine"]["peak_gflops_float32"] * record["threads"]
    rows = []
    for work, seconds in summary["seconds"].items():
        for path, wall in seconds.items():
            gflops = flops[work] / wall / 1e9
            rows.append(
                (
                    {"forward": "forward", "step": "training step"}[work],
                    path,
                    f"{wall:.2f}",
                    f"{wall / seconds['native']:.1f}",
                    f"{gflops:.1f}",
                    f"{gflops / peak:.0%}",
                )
            )
    headers = ("work", "path", "s", "times as long as ours", "GFLOP/s", "of peak")
    return f"{machine_line(record)}\n\n{markdown(headers, rows)}"


def remat_table(record: Mapping[str, Any] | None) -> str:
    """A gridnet's training step with and without checkpoints in place of states."""
    if record is None:
        return "`benchmarks/remat.py` has not been run."
    rows = [
        (
            row["kernel"],
            row["outer_steps"],
            "yes" if row["remat"] else "no",
            f"{row['peak_gb']:.2f}",
            f"{row['seconds']:.2f}",
        )
        for row in record["rows"]
    ]
    headers = ("kernel", "outer steps", "--remat", "peak GB", "s per gradient")
    return f"{machine_line(record, peak=False)}\n\n{markdown(headers, rows)}"


def glom_table(record: Mapping[str, Any] | None) -> str:
    """A training step of the published GLOM, ours beside plain torch."""
    if record is None:
        return "`benchmarks/glom.py` has not been run."
    rows = []
    for one in record["steps"]:
        for name in ("ours", "torch"):
            if name not in one:
                continue
            found = one[name]
            rows.append(
                (
                    one["batch"],
                    name,
                    f"{found['wall_median']:.2f}",
                    f"{found['cpu_median']:.2f}",
                    f"{found['peak_gb']:.2f}",
                    len(found["wall"]),
                    f"{one['load']:.1f}",
                )
            )
    headers = ("batch", "program", "s per step", "CPU s", "peak GB", "steps", "load")
    return f"{machine_line(record, peak=False)}\n\n{markdown(headers, rows)}"


def glom_published_table(record: Mapping[str, Any] | None) -> str:
    """Our weights of the published GLOM beside the published ones: loss, size, recall."""
    if record is None:
        return "`benchmarks/glom_published.py` has not been run."
    rows = [
        (
            name,
            f"{one['loss']:.4f}",
            f"{one['rms']:.2f}",
            f"{one['accuracy']:.4f}",
            *(f"{share:.2f}" for share in one["recall"]),
        )
        for name, one in record["weights"].items()
    ]
    headers = ("weights", "training loss", "size", "test accuracy")
    return markdown((*headers, *(f"of {digit}" for digit in range(10))), rows)


def machine_line(record: Mapping[str, Any], *, peak: bool = True) -> str:
    """The machine that was measured, in one line; its peak where shares of it are told."""
    machine = record["machine"]
    vectors = f"{machine['simd'][0] if machine['simd'] else 'no'} vectors"
    told = ""
    if peak:
        gflops = machine["peak_gflops_float32"]
        told = (
            f"; one core's peak in a loop of multiply-adds is {gflops:.0f} "
            "GFLOP/s in single precision"
        )
    return (
        f"Measured on {machine['processor']}, {machine['cores']} cores, {vectors}{told}. "
        f"Medians of {record['rounds']} interleaved rounds."
    )


def page_table(measured: Any) -> str:
    """How fast the page in the browser is."""
    if measured is None:
        return "Not measured yet."
    rows = [
        (
            name,
            f"{row['usable_ms']:.0f} ms",
            f"{row['frames_per_second']:.0f}",
            f"{row['run_ms']:.1f} ms",
            f"{row['outer_step_ms']:.1f} ms" if "outer_step_ms" in row else "-",
        )
        for name, row in measured["median"].items()
    ]
    return markdown(("model", "usable", "frames/s", "one image", "outer step"), rows)


def own_pictures_table(record: Mapping[str, Any] | None) -> str:
    """Accuracy of the shipped networks on digits drawn in several ways, framed and as they are."""
    if record is None:
        return "`benchmarks/own_pictures.py` has not been run."
    names = list(dict.fromkeys(row["network"] for row in record["rows"]))
    found = {(row["way"], row["network"]): row for row in record["rows"]}
    ways = dict.fromkeys(way for way, _ in found)
    rows = [(way, *(_both(found[way, name]) for name in names)) for way in ways]
    return markdown(("drawn", *names), rows)


def _both(row: Mapping[str, Any]) -> str:
    return f"{row['framed']:.3f} ({row['as_is']:.3f})"
