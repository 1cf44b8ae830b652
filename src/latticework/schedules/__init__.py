"""When cells are updated, and from which copy: one file per schedule, listed here."""

from latticework.core.lattice import AbstractLatticeSchedule
from latticework.core.registry import Registry
from latticework.core.schedule import AbstractSchedule
from latticework.schedules.blocked import Blocked
from latticework.schedules.wave import Wave, corrected
from latticework.schedules.wavefront import Wavefront

SCHEDULES: Registry[AbstractSchedule] = Registry("schedule", {"wavefront": Wavefront})

LATTICE_SCHEDULES: Registry[AbstractLatticeSchedule] = Registry(
    "schedule",
    {"blocked": Blocked},
    examples={"blocked": (Blocked(), Blocked((2, 2, 2), inner_steps=3, block_norm=True))},
)
"""Schedules of lattices with cycles; see `core.lattice`."""

__all__ = ["LATTICE_SCHEDULES", "SCHEDULES", "Blocked", "Wave", "Wavefront", "corrected"]
