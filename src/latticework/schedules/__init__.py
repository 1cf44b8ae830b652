"""When cells are updated, and from which copy: one file per schedule, listed here."""

from latticework.core.registry import Registry
from latticework.core.schedule import AbstractSchedule
from latticework.schedules.wave import Wave, corrected
from latticework.schedules.wavefront import Wavefront

SCHEDULES: Registry[AbstractSchedule] = Registry("schedule", {"wavefront": Wavefront})

__all__ = ["SCHEDULES", "Wave", "Wavefront", "corrected"]
