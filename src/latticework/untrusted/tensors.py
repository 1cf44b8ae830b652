"""safetensors: a header in JSON that says where each array lies in the bytes behind it."""

import itertools
import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from latticework.core.checks import require
from latticework.untrusted import schema
from latticework.untrusted.json_text import parse_json

METADATA = "__metadata__"
MAX_AXES = 32

DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "BF16": np.dtype(jnp.bfloat16),
    **{f"F{bits}": np.dtype(f"<f{bits // 8}") for bits in (16, 32, 64)},
    **{f"I{bits}": np.dtype(f"<i{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"U{bits}": np.dtype(f"<u{bits // 8}") for bits in (8, 16, 32, 64)},
}
"""The types that are read, by their names in the header."""

_SIZE = schema.whole(0)
_ENTRY = schema.record(
    {
        "dtype": schema.text,
        "shape": schema.items(_SIZE, MAX_AXES),
        "data_offsets": schema.items(_SIZE, most=2, least=2),
    }
)
_TEXTS = schema.mapping(schema.text)


def decode_tensors(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays and the metadata in the bytes of a safetensors file.

    Returns:
        The arrays, which own their memory, by name, in the order in which they lie in the file; and
        what the file says beside them.

    Raises:
        ValueError: it is no such file, or its arrays overlap, leave bytes out or go beyond its end.

    Reference: Hugging Face, safetensors, github.com/huggingface/safetensors (format).
    """
    require(len(data) >= 8, f"{len(data)} bytes, too few for a header")
    start = 8 + int.from_bytes(data[:8], "little")
    require(start <= len(data), f"its header announces {start - 8:,} bytes and is cut off")
    header = parse_json(data[8:start])
    require(isinstance(header, dict), "its header is no JSON object")
    metadata = header.pop(METADATA, {})
    _TEXTS(metadata, METADATA)
    for name, entry in header.items():
        _ENTRY(entry, name)
    entries = sorted(header.items(), key=lambda item: item[1]["data_offsets"])
    ends = [entry["data_offsets"] for _, entry in entries]
    places = [0, *itertools.chain.from_iterable(ends), len(data) - start]
    require(
        all(left == right for left, right in zip(places[::2], places[1::2], strict=True)),
        "its arrays overlap, leave bytes out or go beyond its end",
    )
    return {name: _array(data, start, name, entry) for name, entry in entries}, metadata


def _array(data: bytes, start: int, name: str, entry: dict[str, Any]) -> np.ndarray:
    """One array, copied out of the file, whose bytes need not be aligned."""
    kind, shape = entry["dtype"], tuple(entry["shape"])
    require(kind in DTYPES, f"{name} is of type {schema.shown(kind)}, expected {', '.join(DTYPES)}")
    dtype, (begin, end) = DTYPES[kind], entry["data_offsets"]
    count = math.prod(shape)
    require(
        count * dtype.itemsize == end - begin and all(size < 2**31 for size in shape),
        f"{name} has shape {list(shape)} of {kind} and {end - begin:,} bytes",
    )
    values = np.frombuffer(data, np.uint8, end - begin, start + begin)
    require(kind != "BOOL" or values.max(initial=0) <= 1, f"{name} holds bytes that are no flags")
    return values.copy().view(dtype).reshape(shape)
