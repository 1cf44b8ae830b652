"""Small image sets in IDX form, and a machine with no data, no mirrors and no npm."""

import gzip
import hashlib
import math
import struct
from pathlib import Path

import numpy as np
import pytest

from latticework.tasks.catalogue import CATALOGUE, FILE_NAMES, KnownFile, KnownSet

NUM_TRAIN, NUM_TEST = 6, 3


def idx_bytes(array: np.ndarray, *, type_code: int = 8) -> bytes:
    """`array` as an IDX file."""
    head = bytes([0, 0, type_code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(np.uint8).tobytes()


def arrays(seed: int = 0) -> list[np.ndarray]:
    """Four small arrays: images and classes, to train and to test."""
    random = np.random.default_rng(seed)
    out = []
    for count in (NUM_TRAIN, NUM_TEST):
        out.append(random.integers(0, 256, (count, 28, 28), dtype=np.uint8))
        out.append(random.integers(0, 10, (count,), dtype=np.uint8))
    return out


def contents(seed: int = 0) -> dict[str, bytes]:
    """The four files by name."""
    return dict(zip(FILE_NAMES, map(idx_bytes, arrays(seed)), strict=True))


def known_set(seed: int = 0, *, mirrors: tuple[str, ...] = (), npm: str = "") -> KnownSet:
    """The catalogue entry of the small set."""
    a, b, c, d = (
        KnownFile(name, array.shape, hashlib.sha256(idx_bytes(array)).hexdigest())
        for name, array in zip(FILE_NAMES, arrays(seed), strict=True)
    )
    return KnownSet("Small", (a, b, c, d), mirrors, npm)


def write_files(folder: Path, seed: int = 0, *, gz: bool = True) -> Path:
    """Write the four files into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents(seed).items():
        if gz:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)
    return folder


def holds_small_set(images, seed: int = 0) -> bool:
    """Whether `images` is the small set."""
    got = (images.train_images, images.train_classes, images.test_images, images.test_classes)
    return all(np.array_equal(x, y) for x, y in zip(got, arrays(seed), strict=True))


def plain_size(array: np.ndarray) -> int:
    """Bytes of `array` as an IDX file."""
    return 4 * (1 + array.ndim) + math.prod(array.shape)


@pytest.fixture(autouse=True)
def bare_machine(tmp_path, monkeypatch) -> Path:
    """No data folder, an empty cache, no proxy, nothing on PATH; MNIST is a small set (seed 0),
    Fashion-MNIST another (seed 1), neither with a mirror. Returns the cache folder."""
    for name in ("LATTICEWORK_DATA", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("LATTICEWORK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setitem(CATALOGUE, "mnist", known_set(0))
    monkeypatch.setitem(CATALOGUE, "fashion-mnist", known_set(1))
    return tmp_path / "cache"
