"""Which pictures and classes a folder has, what is said of those that cannot be read, and a folder
that has moved."""

import dataclasses
import os
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latticework.core.examples import Place
from latticework.core.side_work import WARNINGS
from latticework.tasks import DataSource, ImageFolder, image_listing, resolve
from latticework.tasks.image_listing import content_digest, list_images

INPUTS = Path(__file__).resolve().parents[1] / "inputs"
PER_CLASS = 24


def picture(path: Path, colour: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((4, 4, 3), colour, np.uint8)).save(path, format="png")


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """24 pictures of cat, one level deeper, and 24 of dog; of a name that decides their split."""
    monkeypatch.chdir(tmp_path)
    folder = Path("pets")
    for number in range(PER_CLASS):
        picture(folder / "cat" / "sub" / f"{number:02}.png", number)
        picture(folder / "dog" / f"{number:02}.png", 100 + number)
    return folder


def task_of(folder, **more) -> ImageFolder:
    return ImageFolder(str(folder), side=2, num_classes_at_most=3, **more)


def counts(folder) -> dict[str, int]:
    listing = list_images(str(folder))
    return dict(zip(listing.classes, np.bincount(listing.numbers).tolist(), strict=True))


def test_nested_pictures_are_of_their_class(root):
    picture(root / "dog" / "a" / "b" / "deep.png")
    assert counts(root) == {"cat": PER_CLASS, "dog": PER_CLASS + 1}
    listing = list_images(str(root))
    assert listing.names[0] == os.path.join("cat", "sub", "00.png")  # noqa: PTH118
    data = task_of(root).load()
    of_train, of_test = (
        np.bincount(t, minlength=2) for t in (data.train_targets, data.test_targets)
    )
    assert (of_train + of_test).tolist() == [PER_CLASS, PER_CLASS + 1]


def test_a_folder_as_it_was_sent(tmp_path):
    """Each class's pictures lie where one of them alone was once looked for."""
    with tarfile.open(INPUTS / "folder_nested.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    assert counts(tmp_path / "nested") == {"cat": 24, "dog": 24}


def test_hidden_and_empty_folders_are_no_classes(root, monkeypatch, caplog):
    monkeypatch.setattr(WARNINGS, "disabled", False)
    before = list_images(str(root)).numbers
    for name in (".ipynb_checkpoints", "__MACOSX", "cat/.hidden", "dog/__MACOSX"):
        picture(root / name / "a.png")
    picture(root / "cat" / "._00.png")
    (root / "bird" / "nothing" / "in it").mkdir(parents=True)
    assert counts(root) == {"cat": PER_CLASS, "dog": PER_CLASS}
    assert np.array_equal(list_images(str(root)).numbers, before)
    assert caplog.messages == [f"bird in {root} hold no file, and are no classes"]


def test_links_are_followed_but_not_in_circles(root):
    (root / "dog" / "again").symlink_to((root / "dog").absolute())
    (root / "dog" / "cats").symlink_to((root / "cat").absolute())
    assert counts(root) == {"cat": PER_CLASS, "dog": 2 * PER_CLASS}


def test_a_name_that_is_no_utf_8(root):
    odd = os.path.join(os.fsencode(root / "dog"), b"\xff\xfe.png")  # noqa: PTH118
    try:
        shutil.copy(root / "dog" / "00.png", odd)
    except OSError:
        return  # this file system has no such names
    assert counts(root)["dog"] == PER_CLASS + 1
    data = task_of(root).load()
    assert len(data.train_targets) + len(data.test_targets) == 2 * PER_CLASS + 1
    Path(os.fsdecode(odd)).write_bytes(b"no picture")
    with pytest.raises(ValueError) as caught:
        read_all(task_of(root))
    assert r"\udcff\udcfe.png of class dog cannot be read" in str(caught.value)
    assert str(caught.value).isprintable()


def read_all(task: ImageFolder) -> None:
    files = task.load().train_inputs
    for example in range(len(files.paths)):
        files.read(Place(0, 0, 0, example))


def test_an_error_names_the_file_and_its_class(root):
    bad = root / "cat" / "sub" / "notes.txt"
    bad.write_text("no picture")
    with pytest.raises(ValueError, match=f"the image {bad} of class cat cannot be read"):
        read_all(task_of(root))
    read_all(task_of(root, skip_corrupt=True))


class TestMoved:
    def test_it_is_split_as_it_was(self, root):
        before = task_of(root).load()
        moved = Path("elsewhere")
        root.rename(moved)
        with pytest.raises(ValueError, match="say where it lies now with --data-dir"):
            task_of(root).load()
        after = task_of(root).load(DataSource(str(moved)))
        assert after.sha256 == before.sha256
        assert (before.origin, after.origin) == (str(root), str(moved))
        assert np.array_equal(after.test_inputs, before.test_inputs)
        assert np.array_equal(after.train_targets, before.train_targets)
        names = [path.removeprefix(str(root)) for path in before.train_inputs.paths]
        assert [p.removeprefix(str(moved)) for p in after.train_inputs.paths] == names

    def test_a_folder_that_only_the_source_names_is_kept_in_the_task(self, root):
        nameless = dataclasses.replace(task_of(root), folder="")
        task, data = resolve(nameless, DataSource(str(root)))
        assert task == task_of(root)
        assert data.sha256 == task_of(root).load().sha256

    def test_the_digest_tells_contents_apart(self, root, monkeypatch):
        def digest():
            return content_digest(str(root), list_images(str(root)).names)

        first = digest()
        assert digest() == first
        picture(root / "dog" / "07.png", 9)
        changed = digest()
        assert changed != first
        (root / "dog" / "07.png").rename(root / "dog" / "99.png")
        assert digest() != changed
        # Beyond the limit names and sizes still count.
        monkeypatch.setattr(image_listing, "MOST_BYTES", 100)
        limited = digest()
        with (root / "cat" / "sub" / "03.png").open("ab") as file:
            file.write(b"x")
        assert digest() != limited
