"""latticework: lattices of simple cells that learn by local or exact rules."""
