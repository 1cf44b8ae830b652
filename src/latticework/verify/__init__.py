"""Golden files: arrays that the published programs produced, computed anew and compared."""

from latticework.verify.families import Context, Family
from latticework.verify.outcomes import CaseResult, Check, Outcome
from latticework.verify.replay import FAMILIES, replays, verify

__all__ = [
    "FAMILIES",
    "CaseResult",
    "Check",
    "Context",
    "Family",
    "Outcome",
    "replays",
    "verify",
]
