"""Every reader of files from outside: how it is called, what it is given, how that is damaged."""

import gzip
import hashlib
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mutate
import numpy as np
import safetensors.numpy
from PIL import Image

from latticework.models.web_checkpoint import decode_web, encode_web
from latticework.pictures.learning_curve import series
from latticework.recipes import RECIPES, to_json
from latticework.recipes.run import read_recipe
from latticework.report.results import read_runs
from latticework.report.studies import read_studies
from latticework.studies.journal import Journal
from latticework.studies.own_images import read_examples
from latticework.tasks import RowImage
from latticework.tasks.idx import read_idx
from latticework.tasks.image_files import Crop, ImageFiles
from latticework.train import RunFolder, checkpoint
from latticework.train.stored import POSITION
from latticework.untrusted.tar_members import tar_files
from latticework.verify.archive import Archive

INPUTS = Path(__file__).resolve().parents[2] / "tests" / "inputs"
GOLDEN = INPUTS.parent / "golden" / "data"
TASK = RowImage("digits")


@dataclass(frozen=True)
class Reader:
    """A reader under test.

    Args:
        file: name that its file must have, below a folder of its own.
        read: called with that folder and the file.
        seeds: files that it reads.
        mutations: how they are damaged.
    """

    file: str
    read: Callable[[Path, Path], Any]
    seeds: tuple[bytes, ...]
    mutations: tuple[mutate.Mutate, ...]


def readers(scratch: Path) -> dict[str, Reader]:
    """All of them, by name."""
    noise, header = mutate.noise, mutate.header
    state = {"params": {"weight": np.arange(12, dtype=np.float32).reshape(3, 4)}, "n": np.int32(3)}
    return {
        "npz": Reader("x.npz", _archive, _archives(), (noise, mutate.archive, mutate.archive)),
        "npy": Reader("x.npy", _examples, _arrays(), (noise, mutate.array, mutate.array)),
        "png": Reader("x.png", _examples, _pngs(), (noise, mutate.png, mutate.png)),
        "picture": Reader("x.img", _examples, _pictures(), (noise, header, mutate.tiff)),
        "image folder": Reader("x.img", _crop, _pictures(), (noise, header, mutate.tiff)),
        "idx": Reader("x-idx", _idx, _idx_files(), (noise, header)),
        "npm archive": Reader("x.tgz", _tar, _tars(), (_inside_gzip(mutate.tar), noise)),
        "recipe": Reader(
            "recipe.json",
            lambda folder, _: read_recipe(folder),
            tuple(_recipe(name) for name in sorted(RECIPES)),
            (mutate.json_value, mutate.json_value, noise),
        ),
        "metrics": Reader("metrics.jsonl", _metrics, _metric_lines(), (mutate.json_lines, noise)),
        "result": Reader(
            "result.json",
            _result,
            (_raw_result("record"),),
            (mutate.json_value, noise),
        ),
        "checkpoint": Reader(
            "checkpoint.safetensors",
            lambda _, file: (checkpoint.read_meta(file, POSITION), checkpoint.load(file, state)),
            (_checkpoint(scratch, state),),
            (noise, mutate.tensors, _signed(mutate.tensors), _signed_meta),
        ),
        "raw result": Reader(
            "results/runs/x.json",
            lambda folder, _: [(r.summary, r.num_seeds) for r in read_runs(folder).values()],
            (_raw_result(),),
            (mutate.json_value, noise),
        ),
        "study": Reader(
            "results/studies/hops.json",
            lambda folder, _: read_studies(folder),
            (_study(),),
            (mutate.json_value, noise),
        ),
        "journal": Reader(
            "rows.jsonl",
            lambda folder, _: Journal(folder).read(),
            (b'{"hops": 1, "accuracy": 0.5, "seconds": 1.5}\n{"hops": 2, "accuracy": null}\n',),
            (mutate.json_lines, noise),
        ),
        "web checkpoint": Reader(
            "x.bin",
            lambda _, file: decode_web(file.read_bytes()),
            tuple(
                encode_web({"a": np.ones((2, 3)), "b": np.ones(4)}, {"x": 1}, n) for n in (16, 32)
            ),
            (noise, header, _web_header),
        ),
    }


def _archive(_: Path, file: Path) -> None:
    stored = Archive(file)
    for name in stored.names():
        for ask in (stored.array, stored.text, stored.count, stored.flag, stored.number):
            try:
                ask(name)
            except ValueError as error:
                check_message(error)


def _examples(_: Path, file: Path) -> None:
    read_examples(file, TASK)


def _crop(_: Path, file: Path) -> None:
    crop = Crop(8, 0.08, 4 / 3, True, 0)
    files = ImageFiles((str(file),), crop, skip_corrupt=False)
    files._try(str(file), np.random.default_rng(0))


def _idx(_: Path, file: Path) -> None:
    read_idx(file, rank=3)


def _tar(_: Path, file: Path) -> None:
    for member in tar_files(file):
        if member.size % 2:
            for _ in member.chunks():
                pass


def _result(folder: Path, _: Path) -> None:
    beside = folder / "recipe.json"
    if not beside.exists():
        beside.write_text("{}")
    RunFolder(folder).read_result()


def _metrics(folder: Path, _: Path) -> None:
    records = RunFolder(folder, writes=False).keep_metrics_before(5)
    for name in ("train_loss", "test_accuracy"):
        series(records, name)


def check_message(error: Exception) -> None:
    """Raise AssertionError unless what the exception says is one line of bearable length."""
    text = str(error)
    if not text or "\n" in text or len(text) > 4000:
        raise AssertionError(f"not one line: {text[:200]!r}") from error


def _archives() -> tuple[bytes, ...]:
    names = ("rtnn/rank_order", "rtnn/encoder_table_T8", "glom/neighbourhood", "rtnn/poisson_stats")
    made = [(GOLDEN / f"{name}.npz").read_bytes() for name in names]
    for save in (np.savez, np.savez_compressed):
        buffer = io.BytesIO()
        save(buffer, words=np.array("abc"), flag=np.array(True), turned=np.eye(3)[:, :2].T, n=3)
        made.append(buffer.getvalue())
    return tuple(made)


def _arrays() -> tuple[bytes, ...]:
    digit = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    arrays = (
        digit,
        digit[None] / 255,
        digit[:9, :7] > 3,
        digit.T.astype(np.int32),
        digit[..., None],
    )
    made = []
    for array in arrays:
        buffer = io.BytesIO()
        np.save(buffer, array)
        made.append(buffer.getvalue())
    return (*made, (INPUTS / "hwc1.npy").read_bytes())


def _pictured(*formats: str) -> list[bytes]:
    draw, made = np.random.default_rng(0), []
    for mode, shape in (("L", (9, 7)), ("RGB", (8, 8, 3)), ("RGBA", (6, 5, 4))):
        image = Image.fromarray(draw.integers(0, 256, shape, dtype=np.uint8))
        for kind in formats:
            if not (mode == "RGBA" and kind in ("JPEG", "BMP", "PPM")):
                buffer = io.BytesIO()
                image.save(buffer, kind)
                made.append(buffer.getvalue())
    return made


def _pngs() -> tuple[bytes, ...]:
    names = ("line200k.png", "zero_one.png")
    wide = io.BytesIO()
    Image.fromarray(np.arange(70, dtype=np.uint16).reshape(7, 10) * 900).save(wide, "PNG")
    palette = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).convert("P").save(
        palette, "PNG", transparency=3
    )
    inputs = [(INPUTS / name).read_bytes() for name in names]
    return (*_pictured("PNG"), *inputs, wide.getvalue(), palette.getvalue())


def _pictures() -> tuple[bytes, ...]:
    made = _pictured("JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (16, 20, 3), dtype=np.uint8))
    grey = image.convert("L")
    for kind, how in (
        ("JPEG", {"progressive": True}),
        ("GIF", {"save_all": True, "append_images": [grey.rotate(90)]}),
        ("WEBP", {"save_all": True, "append_images": [image.rotate(90)], "lossless": True}),
        *(("TIFF", {"compression": name}) for name in ("tiff_lzw", "jpeg", "packbits", "group4")),
        ("TIFF", {"compression": "tiff_adobe_deflate", "tiffinfo": {322: 16, 323: 16}}),
    ):
        buffer = io.BytesIO()
        is_bilevel = how.get("compression") == "group4"
        shown = grey.convert("1") if is_bilevel else grey if kind == "GIF" else image
        shown.save(buffer, kind, **how)
        made.append(buffer.getvalue())
    return (*made, (INPUTS / "folder_exif6.jpg").read_bytes())


def _idx_files() -> tuple[bytes, ...]:
    plain = b"\0\0\x08\x03" + np.array([2, 5, 4], ">u4").tobytes() + bytes(range(40))
    return plain, gzip.compress(plain, mtime=0)


def _tars() -> tuple[bytes, ...]:
    import tarfile

    made = []
    for kind in (tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=kind) as tar:
            for name, size in (
                ("package/data/x", 33),
                ("package/" + "y" * 60 + "/" + "z" * 60, 700),
                ("z", 0),
            ):
                info = tarfile.TarInfo(name)
                info.size = size
                tar.addfile(info, io.BytesIO(bytes(size)))
        made.append(gzip.compress(buffer.getvalue(), 1, mtime=0))
    return tuple(made)


def _inside_gzip(change: mutate.Mutate) -> mutate.Mutate:
    def changed(data: bytes, draw: random.Random) -> bytes:
        return gzip.compress(change(gzip.decompress(data), draw), 1, mtime=0)

    return changed


def _recipe(name: str) -> bytes:
    return json.dumps({"recipe": to_json(RECIPES[name]), "seeds": [0, 1]}).encode()


def _metric_lines() -> tuple[bytes, ...]:
    lines = [
        {
            "epoch": epoch,
            "steps": 10 * epoch,
            "train_loss": 1.5,
            "train_accuracy": None,
            "test_accuracy": 0.5,
            "test_examples": 100,
            "per_seed": {"train_loss": [1.0, 2.0], "test_accuracy": [0.5, None]},
            "seconds": 1.0,
            "images_per_second": 10.0,
        }
        for epoch in range(3)
    ]
    return ("".join(json.dumps(line) + "\n" for line in lines).encode(),)


def _raw_result(part: str = "") -> bytes:
    path = INPUTS.parents[1] / "results" / "runs" / "grid-bptt.json"
    stored = json.loads(path.read_text())
    stored["metrics"] = stored["metrics"][:2]
    return json.dumps(stored[part] if part else stored).encode()


def _study() -> bytes:
    stored = json.loads((INPUTS.parents[1] / "results" / "studies" / "hops.json").read_text())
    return json.dumps({**stored, "rows": stored["rows"][:2]}).encode()


def _checkpoint(scratch: Path, state: Any) -> bytes:
    path = scratch / "checkpoint.safetensors"
    facts = {"seeds": [0], "kernel": "x", "dataset": "digits"}
    meta = {"epoch": 1, "step": 2, "seconds": 1.0, "train_seconds": 0.5, "fingerprint": facts}
    checkpoint.save(path, state, meta)
    return path.read_bytes()


def _signed(change: mutate.Mutate) -> mutate.Mutate:
    """The same damage with a right checksum, as a forger would leave it."""

    def changed(data: bytes, draw: random.Random) -> bytes:
        return _sign(change(data, draw))

    return changed


def _signed_meta(data: bytes, draw: random.Random) -> bytes:
    """Other metadata with a right checksum."""
    end = 8 + int.from_bytes(data[:8], "little")
    head = json.loads(data[8:end])
    text = head["__metadata__"]["latticework"]
    head["__metadata__"]["latticework"] = mutate.json_value(text.encode(), draw).decode()
    made = json.dumps(head).encode()
    return _sign(len(made).to_bytes(8, "little") + made + data[end:])


def _sign(data: bytes) -> bytes:
    try:
        arrays = safetensors.numpy.load(data)
        end = 8 + int.from_bytes(data[:8], "little")
        head = json.loads(data[8:end])
        text = head["__metadata__"]["latticework"]
        digest = hashlib.sha256(text.encode())
        for name in sorted(arrays):
            digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
            digest.update(arrays[name].tobytes())
        head["__metadata__"]["sha256"] = digest.hexdigest()
        made = json.dumps(head).encode()
        return len(made).to_bytes(8, "little") + made + data[end:]
    except Exception:
        return data


def _web_header(data: bytes, draw: random.Random) -> bytes:
    end = 4 + int.from_bytes(data[:4], "little")
    head = mutate.json_value(data[4:end], draw)
    return len(head).to_bytes(4, "little") + head + data[end:]
