"""Argument checks: one clear sentence, before anything is traced."""


def require(condition: bool, message: str) -> None:
    """Raise `ValueError(message)` unless `condition` holds.

    The message says what came, what was expected and, where it is not obvious, what would work.
    """
    if not condition:
        raise ValueError(message)
