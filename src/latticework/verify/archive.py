"""Golden files: `.npz` archives whose arrays are asked for by name and must all be used."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from latticework.core.checks import require
from latticework.untrusted import read_npz


class Archive:
    """The arrays of one golden file.

    Remembers which arrays were asked for, so that a replay that leaves one out is noticed.

    Args:
        path: the `.npz` file.

    Raises:
        ValueError: the file is not a whole `.npz` archive of plain arrays.
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name
        self._arrays = read_npz(path)
        self._unused = set(self._arrays)

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    @property
    def unused(self) -> tuple[str, ...]:
        """Names that nobody asked for yet."""
        return tuple(sorted(self._unused))

    def array(self, name: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
        """The array `name`.

        Raises:
            ValueError: it is not there, not numbers, or does not have `shape`.
        """
        require(
            name in self._arrays,
            f"{self.name} has no array {name!r}; it holds {', '.join(sorted(self._arrays))}",
        )
        value = self._arrays[name]
        require(
            value.dtype.kind in "fiu", f"{self.name}: {name} is {value.dtype}, expected numbers"
        )
        require(
            shape is None or value.shape == shape,
            f"{self.name}: {name} has shape {value.shape}, expected {shape}",
        )
        self._unused.discard(name)
        return value

    def text(self, name: str) -> str:
        """The scalar `name`, a word.

        Raises:
            ValueError: it is not there or not that.
        """
        return str(self._scalar(name, "U", "a word"))

    def flag(self, name: str) -> bool:
        """The scalar `name`, true or false.

        Raises:
            ValueError: it is not there or not that.
        """
        return bool(self._scalar(name, "b", "true or false"))

    def _scalar(self, name: str, kind: str, what: str) -> np.ndarray:
        value = self._arrays.get(name)
        if value is None or value.dtype.kind != kind or value.ndim:
            found = "not there" if value is None else f"{value.dtype} of shape {value.shape}"
            raise ValueError(f"{self.name}: {name} is {found}, expected {what}")
        self._unused.discard(name)
        return value

    def names(self, prefix: str = "") -> list[str]:
        """Names that begin with `prefix`, in the order of the file."""
        return [name for name in self._arrays if name.startswith(prefix)]

    def beside(self, what: str, *arrays: str, fits: Callable[["Archive"], bool]) -> "Archive":
        """The first golden file of the same folder that holds `arrays` and fits.

        Raises:
            ValueError: there is none; `what` names it in the sentence.
        """
        for path in sorted(self.path.parent.glob("*.npz")):
            try:
                other = Archive(path)
            except (ValueError, OSError):
                continue  # a damaged file has a case, and a sentence, of its own
            if all(name in other for name in arrays) and fits(other):
                return other
        raise ValueError(
            f"{self.name} needs {what}, a file beside it with {', '.join(arrays)} of its shapes, "
            "and there is none; put it into the same folder"
        )

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of an array, without counting it as used; () where there is none."""
        return self._arrays[name].shape if name in self._arrays else ()

    def count(self, name: str) -> int:
        """The scalar `name`, a whole number from 1 up.

        Raises:
            ValueError: it is not there or not that.
        """
        value = self.array(name, ())
        require(
            value.dtype.kind in "iu" and bool(value >= 1),
            f"{self.name}: {name} is {value}, expected a whole number from 1 up",
        )
        return int(value)

    def number(self, name: str) -> float:
        """The scalar `name`.

        Raises:
            ValueError: it is not there or not one finite number.
        """
        value = self.array(name, ())
        require(
            bool(np.isfinite(value)), f"{self.name}: {name} is {value}, expected a finite number"
        )
        return float(value)
