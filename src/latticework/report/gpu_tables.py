"""Tables of what GPUs have shown; see benchmarks/gpu.py."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from latticework.report.markdown import markdown

NOT_YET = "No GPU has run this code yet; `make gpu` on a machine with one writes what stands here."


def parity_table(records: Mapping[str, Any]) -> str:
    """The largest errors of every path on every device."""
    rows = [
        (
            record["device"],
            line["step"],
            line["path"],
            _number(line["error"]),
            _number(line.get("error_default")),
            "yes" if line["ok"] else "NO",
        )
        for record, line in _lines(records, "parity")
    ]
    if not rows:
        return NOT_YET
    headers = ("device", "what", "path", "error", "with rounded products", "right")
    return markdown(headers, rows)


def timing_table(records: Mapping[str, Any]) -> str:
    """Seconds of every path on every device, and what failed."""
    rows = [
        (
            record["device"],
            line["step"],
            line["path"],
            line.get("batch", "-"),
            _seconds(line["median_s"]),
            f"{_seconds(line['min_s'])} .. {_seconds(line['max_s'])}" if "min_s" in line else "-",
            line["repeats"],
            _seconds(line["compile_s"]) if "compile_s" in line else "-",
            f"{line['of_peak']:.0%}" if "of_peak" in line else "-",
        )
        for record, line in _lines(records, "timing")
    ]
    if not rows:
        return NOT_YET
    headers = ("device", "what", "path", "batch", "median", "range", "repeats", "compiling")
    parts = [markdown((*headers, "of peak"), rows)]
    if failures := list(_failures(records)):
        parts.append("\n".join(["What failed:", "", *(f"- {one}" for one in failures)]))
    return "\n\n".join(parts)


def _lines(records: Mapping[str, Any], kind: str) -> Iterator[tuple[Any, Any]]:
    """The lines of a kind, with the record that they are of; small runs do not count."""
    for record in _counted(records):
        for line in record["lines"]:
            if line.get("kind") == kind:
                yield record, line


def _counted(records: Mapping[str, Any]) -> Sequence[Any]:
    return [record for record in records.values() if not record["small"]]


def _failures(records: Mapping[str, Any]) -> Iterator[str]:
    for record in _counted(records):
        for line in record["lines"]:
            reason = line.get("error") if "kind" not in line else None
            if "end" in line and line["end"] != "done":
                reason = line["end"]
            if reason is not None:
                where = f"{line['part']}, {line['step']}" if "step" in line else line["part"]
                yield f"{record['device']}, {where}: {reason}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1e}"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{1e3 * value:.3g} ms"
