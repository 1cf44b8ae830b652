"""Data files in a folder of the user's, under every usual name and in every usual layout."""

from collections.abc import Sequence
from pathlib import Path

_NAMES = {"fashion-mnist": ("fashion-mnist", "fashionmnist", "fashion_mnist")}
"""Names of a set's own folder, in small letters; capitals make no difference."""

_RAW = "raw"
"""The folder in which torchvision keeps the files, one below the set's own."""


def find_file(folder: Path, name: str) -> Path | None:
    """The file `name` in `folder`, gzipped or plain; None when it is not there.

    `train-images-idx3-ubyte` may also be called `train-images.idx3-ubyte`.
    """
    for spelled in (name, name.replace("-idx", ".idx")):
        for path in (folder / f"{spelled}.gz", folder / spelled):
            if path.is_file():
                return path
    return None


def missing_files(folder: Path, names: Sequence[str]) -> list[str]:
    """Which of the files are not in `folder`."""
    return [name for name in names if find_file(folder, name) is None]


def set_folder(folder: Path, dataset: str, names: Sequence[str]) -> Path:
    """Where the files of a data set lie in a data folder.

    That is a folder of the set's name in it, the data folder itself, or `raw` in either of them:
    the first that has all files, else the first that has any, else the data folder.
    """
    places = _places(folder, dataset)
    lacking = [len(missing_files(place, names)) for place in places]
    whole = [place for place, count in zip(places, lacking, strict=True) if count == 0]
    some = [place for place, count in zip(places, lacking, strict=True) if count < len(names)]
    return (whole + some + [folder])[0]


def lacking_text(folder: Path, dataset: str, title: str, names: Sequence[str]) -> str:
    """What a data folder lacks of a set, and which names were looked for; "" when it has all."""
    if not folder.is_dir():
        return "is no folder"
    place = set_folder(folder, dataset, names)
    missing = missing_files(place, names)
    if not missing:
        return ""
    if len(missing) < len(names):
        return f"has no whole {title}: {place} lacks {', '.join(missing)}"
    return (
        f"has no {title}: {', '.join(names)} were looked for (also with .idx in place of -idx, and "
        f"with .gz) in it, in {_own_names(dataset)[0]}/ in it (capitals or not), and in {_RAW}/ in "
        "either"
    )


def _own_names(dataset: str) -> tuple[str, ...]:
    return _NAMES.get(dataset, (dataset,))


def _places(folder: Path, dataset: str) -> list[Path]:
    """Every folder in which the files may lie, the likeliest first."""
    if not folder.is_dir():
        return []
    known = _own_names(dataset)
    named = [path for path in sorted(folder.iterdir()) if path.name.lower() in known]
    named.sort(key=lambda path: path.name != dataset)
    each = [place for base in (*named, folder) for place in (base, base / _RAW)]
    return [place for place in each if place.is_dir()]
