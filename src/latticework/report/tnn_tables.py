"""Tables of the temporal networks: the study's questions, and the benchmark."""

from collections.abc import Callable, Sequence

from latticework.report.everything import Results
from latticework.report.markdown import markdown
from latticework.studies.study import Row, StudyTable
from latticework.studies.tnn import Tnn
from latticework.studies.tnn_answers import fates, layer_or_waves, recurrence
from latticework.studies.training import spread


def _of_rows(make: Callable[[Sequence[Row]], StudyTable]) -> Callable[[Results], str]:
    def table(results: Results) -> str:
        record = results.studies.get("tnn")
        if record is None:
            return "`latticework study tnn` has not been run."
        found = make(record.rows)
        return markdown(found.headers, found.rows)

    return table


def _extra(results: Results) -> str:
    record = results.studies.get("tnn")
    if record is None or not isinstance(record.study, Tnn):
        return "`latticework study tnn` has not been run."
    found = record.study.extra_table(record.rows)
    return markdown(found.headers, found.rows)


def study_accuracy(results: Results, name: str) -> str:
    """What the study found for a recipe as it stands; empty where it has not."""
    record = results.studies.get("tnn")
    for row in () if record is None else record.rows:
        # The study's own N comes before other numbers of examples.
        asked = (row["recipe"], row["semantics"], row["protocol"])
        if asked == (name, "faithful", "published"):
            values = row["test_accuracy"]
            return f"{spread(values)} ({len(values)} seeds)"
    return ""


def speeds(results: Results) -> str:
    """Images per second of V8."""
    record = results.benchmarks.get("tnn")
    if record is None:
        return "`python benchmarks/tnn.py` has not been run."
    rows = [
        (
            line["kernel"],
            {"learn": "with plasticity", "show": "without"}[line["work"]],
            line["seeds"],
            f"{line['images_per_second']:,.0f}",
            f"{1e6 / line['us_max']:,.0f} .. {1e6 / line['us_min']:,.0f}",
            f"{line['images_per_cpu_second']:,.0f}",
            f"{line['published_images_per_cpu_second']:g}",
        )
        for line in record["speeds"]
    ]
    headers = ("path", "work", "seeds", "images/s", "range", "per CPU second")
    headers += ("published, per CPU second",)
    return markdown(headers, rows)


TNN_TABLES: dict[str, Callable[[Results], str]] = {
    "tnn-layer-or-waves": _of_rows(layer_or_waves),
    "tnn-recurrence": _of_rows(recurrence),
    "tnn-fates": _of_rows(fates),
    "tnn-extra": _extra,
    "bench-tnn": speeds,
}
"""Tables by the name that a page uses."""
