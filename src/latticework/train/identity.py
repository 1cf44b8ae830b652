"""Which run a file or a line belongs to: what is not of one run must not be read as one."""

import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RUN = "run"
"""The field of the identity, in JSON files, in every line and in a checkpoint's metadata."""

_FORM = re.compile("[0-9a-f]{16}")


def new_identity() -> str:
    """A name that no other run has."""
    return secrets.token_hex(8)


def identity_of(stored: Any) -> str | None:
    """The identity in a JSON value; None in that of an older run, which has none."""
    found = stored.get(RUN) if isinstance(stored, Mapping) else None
    is_whole = found is None or (isinstance(found, str) and _FORM.fullmatch(found) is not None)
    return found if is_whole else "of a name that is none"


def marked(value: Mapping[str, Any], identity: str | None) -> dict[str, Any]:
    """`value` with the identity of its run."""
    return dict(value) if identity is None else {RUN: identity, **value}


def unmarked(value: Mapping[str, Any]) -> dict[str, Any]:
    """`value` without it."""
    return {name: entry for name, entry in value.items() if name != RUN}


def check_identity(path: Path, stored: Any, identity: str | None, beside: Path) -> None:
    """Raise `ValueError` unless what `path` holds is of the run that `beside` belongs to."""
    found = identity_of(stored)
    if found != identity:
        raise ValueError(
            f"{path} belongs to another run ({found or 'an older one'}) than {beside.name} beside "
            f"it ({identity or 'an older one'}); put the run's own file back, or start a new run "
            "in another folder"
        )
