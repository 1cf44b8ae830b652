"""Tables and figures of the documentation, rebuilt from the committed raw results."""

from latticework.report.pages import PAGES, Stale, check_pages, rebuild_pages
from latticework.report.results import RunResult, read_results, result_path, save_result

__all__ = [
    "PAGES",
    "RunResult",
    "Stale",
    "check_pages",
    "read_results",
    "rebuild_pages",
    "result_path",
    "save_result",
]
