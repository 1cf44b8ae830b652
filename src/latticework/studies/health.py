"""What an installation can do: versions, devices, kernels, data."""

import dataclasses
import importlib.metadata
import os
import platform
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import jax
import jax.numpy as jnp

from latticework.core.environment import fault, variables, why_no_device
from latticework.core.places import can_be_written
from latticework.core.side_work import reason_of
from latticework.kernels import KERNELS, Problem
from latticework.kernels.extension import extension
from latticework.kernels.native_kernel import NativeKernel
from latticework.recipes import recipe, require_leaky
from latticework.studies.bench import num_threads
from latticework.tasks import DataSource, cache_folder, data_status

OK, MISSING, BROKEN = "ok", "missing", "BROKEN"

PACKAGES = (
    "jax",
    "jaxlib",
    "numpy",
    "optax",
    "jaxtyping",
    "matplotlib",
    "pillow",
    "platformdirs",
    "rich",
    "safetensors",
    "scikit-learn",
    "tyro",
)
"""What the package needs at run time."""

SIMD_FLAGS = ("avx512f", "avx2", "fma", "avx", "sse4_2", "asimd", "sve")

MAIN_RECIPE = "grid-snap1-adam"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line of the doctor's.

    Args:
        what: what was looked at.
        state: ok, missing (something optional) or BROKEN (something essential).
        detail: what was found, in words.
    """

    what: str
    state: str
    detail: str


def examine(source: DataSource) -> Iterator[Finding]:
    """Look at everything; touches no network. What cannot be looked at is a finding too."""
    looks: Mapping[str, Callable[[], Iterable[Finding]]] = {
        "packages": _packages,
        "variables": _variables,
        "device": lambda: [_device()],
        "processor": lambda: [Finding("processor", OK, _processor())],
        "kernels": _kernels,
        "data": lambda: _data(source),
        "npm client": lambda: [_npm()],
        "cache": lambda: [_cache()],
    }
    for what, look in looks.items():
        try:
            yield from look()
        except Exception as error:  # whatever is broken is what is looked for
            yield Finding(what, BROKEN, reason_of(error))


def _packages() -> Iterator[Finding]:
    yield Finding("python", OK, f"{platform.python_version()}, {platform.platform(terse=True)}")
    version = _version("latticework")
    yield Finding(
        "latticework",
        BROKEN if version is None else OK,
        version or "it is not installed; run pip install in its folder",
    )
    found = {name: _version(name) for name in PACKAGES}
    for name, version in found.items():
        if version is None:
            yield Finding(name, BROKEN, f"not installed; pip install {name}")
    there = ", ".join(f"{name} {version}" for name, version in found.items() if version)
    yield Finding("packages", OK, there)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _variables() -> Iterator[Finding]:
    """What is set in the environment for this package or for JAX."""
    wrong = fault()
    for name, value in variables().items():
        if wrong is not None and wrong.startswith(name):
            yield Finding("variable", BROKEN, wrong)
        else:
            yield Finding("variable", OK, f"{name}={value}")


def _device() -> Finding:
    """Whether JAX can compute."""
    try:
        total = int(jax.jit(lambda x: x.sum())(jnp.arange(4)))
        devices = ", ".join(f"{d.platform} ({d.device_kind})" for d in jax.devices())
    except Exception as error:  # whatever a broken backend raises
        return Finding("device", BROKEN, why_no_device(error))
    is_right = total == 6
    return Finding("device", OK if is_right else BROKEN, f"JAX computes on {devices}")


def _processor() -> str:
    """Cores and the widest vectors."""
    threads, cores = num_threads(""), os.cpu_count() or 1
    text = f"{cores} core{'' if cores == 1 else 's'}"
    if threads != cores:
        text += f", {threads} of them for this process"
    simd = simd_flags()
    return f"{text}, {platform.machine()}; SIMD {' '.join(simd) if simd else 'not known'}"


def simd_flags() -> list[str]:
    """The vector extensions that the processor names, widest first; empty where none is named."""
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return []
    for line in info.read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() in ("flags", "features"):
            there = set(value.split())
            return [flag for flag in SIMD_FLAGS if flag in there]
    return []


def _kernels() -> Iterator[Finding]:
    """Every code path, on the main recipe; and what the compiled one is built for."""
    native = extension()
    main = require_leaky(recipe(MAIN_RECIPE), "doctor")
    problem = Problem(main.network(), main.rule, main.loss)
    chosen = next(name for name, kernel in KERNELS.items() if kernel.refusal(problem) is None)
    for name, kernel in KERNELS.items():
        reason = kernel.refusal(problem)
        detail = reason or (
            f"runs {MAIN_RECIPE}" if name == chosen else f"applies to {MAIN_RECIPE}"
        )
        if name == NativeKernel.name and not (reason or isinstance(native, str)):
            detail += f"; SIMD {native.level()} of {', '.join(native.levels())}; "
            detail += f"{num_threads(name)} threads"
        yield Finding(f"kernel {name}", MISSING if reason else OK, detail)


def _data(source: DataSource) -> Iterator[Finding]:
    """One line per data set: the first place that has it whole."""
    rows = data_status(source)
    for name in dict.fromkeys(row["dataset"] for row in rows):
        of_set = [row for row in rows if row["dataset"] == name]
        whole = next((row for row in of_set if row["state"] == "ok"), None)
        if whole is not None:
            yield Finding(f"data {name}", OK, f"{whole['place']}, {whole['path']}")
            continue
        notes = [row["note"] or f"{row['place']} {row['state']}" for row in of_set]
        how = f"latticework data --fetch {name}"
        yield Finding(f"data {name}", MISSING, f"{', '.join(notes)}; get it with: {how}")


def _npm() -> Finding:
    client = shutil.which("npm")
    if client is None:
        return Finding("npm client", MISSING, "only needed for MNIST where no mirror answers")
    return Finding("npm client", OK, client)


def _cache() -> Finding:
    """Whether downloads can be kept."""
    folder = cache_folder()
    if can_be_written(folder):
        place = next(place for place in (folder, *folder.parents) if place.exists())
        free = shutil.disk_usage(place).free / 1e9
        return Finding("cache", OK, f"{folder} ({free:.1f} GB free)")
    return Finding(
        "cache", MISSING, f"{folder} cannot be written; name another in LATTICEWORK_CACHE"
    )
