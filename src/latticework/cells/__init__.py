"""What one cell computes: one file per cell, listed here."""

from latticework.cells.leaky_tanh import LeakyTanh
from latticework.core.cell import AbstractCell
from latticework.core.registry import Registry

CELLS: Registry[AbstractCell] = Registry("cell", {"leaky_tanh": LeakyTanh})

__all__ = ["CELLS", "LeakyTanh"]
