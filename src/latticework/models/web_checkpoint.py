"""The published file for browsers: parameters of a gridnet in one flat file, 32 or 16 bits each.

A little-endian uint32 with the length of the header, the header as JSON (`params`: names and
shapes, `precision`, `config`), then all parameters one after the other, row-major.

The 16-bit numbers are not IEEE half: sign, 5 bits of exponent with a bias of 15, 10 bits of
fraction cut off, every exponent an ordinary one. So there is no zero (it becomes 2^-15), and
magnitudes from 2^17 up cannot be told.
"""

import json
import math
import struct
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from latticework.core.checks import require
from latticework.untrusted import parse_json, schema

Precision = Literal[16, 32]

LIMIT = 2.0**17
"""Magnitudes below it can be told in 16 bits."""

_BIAS, _FRACTION_BITS, _CUT = 15, 10, 13
_HEADER = schema.record(
    {
        "precision": schema.whole(16, 32),
        "params": schema.items(schema.items(schema.anything, most=2, least=2), most=1 << 12),
        "config": schema.mapping(schema.anything),
    }
)
_SHAPE = schema.items(schema.whole(0, 2**31), most=32)


def encode_web(
    params: Mapping[str, np.ndarray],
    config: Mapping[str, Any],
    precision: Precision = 32,
    *,
    wraps: bool = False,
) -> bytes:
    """The file for `params`, in their order.

    Args:
        params: float32 arrays by their published names.
        config: `activation`, `innerIters`, `outerIters`, `outerResidual`.
        precision: bits per number.
        wraps: in 16 bits, let magnitudes from 2^17 up come out small, as published.

    Raises:
        ValueError: another precision, or a number that 16 bits cannot tell.
    """
    require(precision in (16, 32), f"precision is {precision}, expected 16 or 32")
    arrays = {name: np.asarray(value, np.float32) for name, value in params.items()}
    header = {
        "params": [[name, list(value.shape)] for name, value in arrays.items()],
        "precision": precision,
        "config": dict(config),
    }
    text = json.dumps(header).encode()
    parts = [struct.pack("<I", len(text)), text]
    for name, value in arrays.items():
        if precision == 16 and not wraps:
            largest = float(np.max(np.abs(value), initial=0.0))
            require(
                largest < LIMIT,
                f"{name} holds {largest:g}, and 16 bits tell magnitudes below {LIMIT:g}; "
                "write 32 bits",
            )
        flat = value.astype("<f4").reshape(-1)
        parts.append((_to_16(flat) if precision == 16 else flat).tobytes())
    return b"".join(parts)


def decode_web(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The parameters, float32, and the header of a file that `encode_web` wrote.

    Raises:
        ValueError: it is not such a file.
    """
    try:
        require(len(data) >= 4, "it is cut off")
        start = 4 + int.from_bytes(data[:4], "little")
        require(start <= len(data), "it is cut off")
        header = parse_json(data[4:start])
        _HEADER(header, "")
        precision, listed = header["precision"], header["params"]
        for name, shape in listed:
            schema.text(name, "params")
            _SHAPE(shape, name)
        require(precision in (16, 32), f"precision is {precision}, expected 16 or 32")
    except ValueError as error:
        raise ValueError(
            f"this is no web checkpoint: its header cannot be read ({error})"
        ) from error
    sizes = [math.prod(shape) for _, shape in listed]
    require(
        sum(sizes) * precision == (len(data) - start) * 8,
        f"this web checkpoint announces {sum(sizes):,} numbers of {precision} bits and holds "
        f"{len(data) - start:,} bytes",
    )
    values = np.frombuffer(data[start:], "<u2" if precision == 16 else "<f4")
    flat = _from_16(values) if precision == 16 else values.astype(np.float32)
    parts = np.split(flat, np.cumsum(sizes)[:-1])
    named = zip(listed, parts, strict=True)
    return {name: part.reshape(shape) for (name, shape), part in named}, header


def _to_16(values: np.ndarray) -> np.ndarray:
    bits = values.view("<u4")
    exponent = np.maximum(((bits >> 23) & 0xFF).astype(np.int64) - 127, -_BIAS) + _BIAS
    fraction = (bits & 0x7FFFFF) >> _CUT
    sign = bits >> 31
    made = (sign << 15) | ((exponent & 31) << _FRACTION_BITS).astype(np.uint32) | fraction
    return made.astype("<u2")


def _from_16(values: np.ndarray) -> np.ndarray:
    exponent = ((values >> _FRACTION_BITS) & 31).astype(np.int64) - _BIAS
    fraction = (values & 0x3FF).astype(np.float64) / (1 << _FRACTION_BITS)
    size = np.exp2(exponent.astype(np.float64)) * (1 + fraction)
    return np.where(values >> 15, -size, size).astype(np.float32)
