"""Tables and figures of the documentation, rebuilt from the committed raw results."""

from latticework.report.everything import Results, read_results
from latticework.report.pages import Stale, check_pages, rebuild_pages
from latticework.report.results import RunResult, result_path, save_result
from latticework.report.studies import save_study, study_path
from latticework.report.tables import ours_of

__all__ = [
    "Results",
    "RunResult",
    "Stale",
    "check_pages",
    "ours_of",
    "read_results",
    "rebuild_pages",
    "result_path",
    "save_result",
    "save_study",
    "study_path",
]
