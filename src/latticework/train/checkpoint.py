"""One file that holds all that a run needs to go on: a safetensors file, no pickle.

The arrays are stored under the path of their place in the state ("params/bias"), the rest as JSON
in the file's header, beside a SHA-256 of everything.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import safetensors.numpy

from latticework.core.checks import require
from latticework.train.files import plain, write_atomically
from latticework.untrusted import decode_tensors, parse_json, read_file
from latticework.untrusted.schema import Check, anything, mapping

_META = "latticework"
_DIGEST = "sha256"
_MOST_BYTES = 1 << 36
_FACTS = mapping(anything)
Tensors = dict[str, np.ndarray]


def save(path: Path, state: Any, meta: Mapping[str, Any]) -> None:
    """Write a checkpoint atomically.

    Args:
        path: the file; its folder must exist.
        state: a pytree of arrays (PRNG keys as `jax.random.key_data`).
        meta: JSON-able facts (position, seeds, what the run was made with).

    Raises:
        OSError: one sentence; the checkpoint that was there before is intact.
    """
    tensors = {name: _contiguous(leaf) for name, leaf in _named(state).items()}
    text = json.dumps(plain(meta))
    header = {_META: text, _DIGEST: _digest(tensors, text)}
    write_atomically(path, safetensors.numpy.save(tensors, metadata=header))


def load(path: Path, like: Any, *, partial: bool = False) -> tuple[Any, dict[str, Any]]:
    """Read a checkpoint into the structure of `like`.

    Args:
        path: the file.
        like: a pytree of arrays or of `jax.ShapeDtypeStruct`.
        partial: let the file hold arrays that `like` does not ask for.

    Returns:
        The state (numpy arrays) and the metadata.

    Raises:
        ValueError: the file is damaged, or does not hold what `like` asks for.
        OSError: the file cannot be read.
    """
    tensors, meta = _read(path)
    wanted = _named(like)
    missing = sorted(wanted.keys() - tensors.keys())
    spare = [] if partial else sorted(tensors.keys() - wanted.keys())
    if missing or spare:
        what = f"lacks {missing[0]!r}" if missing else f"also holds {spare[0]!r}"
        raise ValueError(
            f"checkpoint {path} {what}, so it belongs to another model or optimiser; resume "
            "it with the recipe that is stored beside it"
        )
    for name, leaf in wanted.items():
        found = tensors[name]
        if found.shape != tuple(leaf.shape) or found.dtype != leaf.dtype:
            raise ValueError(
                f"checkpoint {path} holds {name!r} as {found.dtype}{list(found.shape)}, expected "
                f"{leaf.dtype}{list(leaf.shape)}; resume it with the recipe and the seeds that are "
                "stored beside it"
            )
    structure = jax.tree.structure(like)
    return jax.tree.unflatten(structure, [tensors[name] for name in wanted]), meta


def read_meta(path: Path, check: Check = _FACTS) -> dict[str, Any]:
    """The metadata alone, of which `check` is demanded; errors as in `load`."""
    return _read(path, check)[1]


def _named(state: Any) -> dict[str, Any]:
    """The leaves of `state` by the path of their place, in the order of flattening."""
    leaves = jax.tree_util.tree_leaves_with_path(state)
    named = {jax.tree_util.keystr(at, simple=True, separator="/"): leaf for at, leaf in leaves}
    if len(named) != len(leaves):
        raise ValueError("two arrays of the state have the same path; rename one of their groups")
    return named


def _contiguous(leaf: Any) -> np.ndarray:
    """A C-ordered copy where needed: safetensors writes memory as it lies."""
    return np.asarray(leaf, order="C")


def _digest(tensors: Tensors, meta: str) -> str:
    """SHA-256 of the metadata and of every array with its name, dtype and shape."""
    digest = hashlib.sha256(meta.encode())
    for name in sorted(tensors):
        array = tensors[name]
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _read(path: Path, check: Check = _FACTS) -> tuple[Tensors, dict[str, Any]]:
    """All arrays and the metadata, checked against the digest."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint at {path}; name the folder of a run")
    raw = read_file(path, _MOST_BYTES)
    try:
        tensors, header = decode_tensors(raw)
        require({_META, _DIGEST} <= header.keys(), "it was not written by latticework")
        text = header[_META]
        require(_digest(tensors, text) == header[_DIGEST], "its checksum is wrong")
        meta = parse_json(text)
        check(meta, "")
    except ValueError as error:
        raise ValueError(
            f"checkpoint {path} is damaged or is no checkpoint ({len(raw):,} bytes: {error}); "
            "restore it from a copy or start the run again in a new folder"
        ) from error
    return tensors, meta
