"""Measurements on networks and rules beside training."""

from latticework.studies.gradcheck import ALL_GROUPS, GradcheckRow, gradcheck, spread_hops

__all__ = ["ALL_GROUPS", "GradcheckRow", "gradcheck", "spread_hops"]
