"""The published file for browsers, byte by byte."""

from collections.abc import Iterator

import numpy as np

from latticework.models.web_checkpoint import decode_web, encode_web
from latticework.verify.archive import Archive
from latticework.verify.families import Context
from latticework.verify.outcomes import Check, compare_equal

_CONFIG = {"activation": "leaky_relu", "innerIters": 3, "outerIters": 5, "outerResidual": True}


def replay_web(golden: Archive, context: Context) -> Iterator[Check]:
    """Every array of `web_checkpoint`."""
    del context
    params = {name: golden.array(name) for name in ("a", "b.c")}
    for precision in (32, 16):
        made = encode_web(params, _CONFIG, precision, wraps=True)
        stored = golden.array(f"bytes{precision}")
        yield compare_equal(f"bytes{precision}", np.frombuffer(made, np.uint8), stored)
        decoded, _ = decode_web(stored.tobytes())
        values = np.concatenate([value.reshape(-1) for value in decoded.values()])
        given = np.concatenate([value.reshape(-1) for value in params.values()])
        expected = golden.array("decoded16") if precision == 16 else given
        yield compare_equal(f"decoded{precision}", values, expected)
