"""Abstract bases of the axes and the reference arithmetic; no instances, no data."""
