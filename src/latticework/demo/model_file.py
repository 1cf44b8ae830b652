"""A model as two files that any program can read: safetensors and JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from latticework.core.checks import require
from latticework.train.files import make_folder, plain, write_atomically
from latticework.untrusted import file_name

FORMAT = "latticework-model"
VERSION = 1


@dataclass(frozen=True)
class ModelFile:
    """A manifest and the tensors that it speaks of.

    Args:
        name: what it is called; where it is no file name, the files have one made of it.
        manifest: the JSON object.
        weights: the bytes of the safetensors file.
    """

    name: str
    manifest: Mapping[str, Any]
    weights: bytes

    @property
    def json(self) -> bytes:
        """The manifest as text."""
        return (json.dumps(plain(self.manifest), indent=1) + "\n").encode()

    def write(self, folder: Path, *, overwrite: bool = False) -> list[Path]:
        """Write NAME.json and NAME.safetensors atomically and return their paths.

        Args:
            folder: where to; made if need be.
            overwrite: whether files of these names may be there already.

        Raises:
            ValueError: there is a file of this name, or a link to one.
            OSError: one sentence.
        """
        stem = file_name(self.name)
        paths = [folder / f"{stem}.json", folder / f"{stem}.safetensors"]
        for path in paths:
            require(
                overwrite or not (path.exists() or path.is_symlink()),
                f"{path} is there already; export with --overwrite, or to another --out or --name",
            )
        make_folder(folder)
        write_atomically(paths[1], self.weights)
        write_atomically(paths[0], self.json)
        return paths


@dataclass(frozen=True)
class Network:
    """What one family says of a trained network.

    Args:
        family: the reader in the page that understands it.
        title: two or three words.
        description: its sizes and choices, JSON values.
        tensors: float32 or int32 arrays.
    """

    family: str
    title: str
    description: Mapping[str, Any]
    tensors: Mapping[str, np.ndarray]

    def save(self) -> bytes:
        """The tensors as safetensors: float32 and int32 only, in C order."""
        narrow = {
            name: np.ascontiguousarray(
                value, np.float32 if np.issubdtype(value.dtype, np.floating) else np.int32
            )
            for name, value in self.tensors.items()
        }
        return save(narrow)
