"""The shape of the source: layers, abstract or final classes, small modules, documented names."""

import ast
import enum
import importlib
import inspect
import logging
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import latticework

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "latticework"
SOURCES = sorted(PACKAGE.rglob("*.py"))
NATIVE = sorted(path for end in ("cpp", "hpp") for path in PACKAGE.rglob(f"*.{end}"))
MAX_LINES = 300
MAX_NATIVE_LINES = 450
"""C++ says in types and templates what Python leaves out."""

MAX_CODE_LINES = 60
Function = ast.FunctionDef | ast.AsyncFunctionDef


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """import-linter switches off every logger that there is; later tests read the package's."""
    yield
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.disabled = False


def place(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_there_is_something_to_look_at():
    assert len(SOURCES) > 50


def test_imports_go_downward_only(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_an_upward_import_would_be_found(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """The same contract with the layers the other way round does not hold."""
    text = (ROOT / "pyproject.toml").read_text()
    section = text[text.index("[tool.importlinter]") :]
    layers = section[section.index("layers = [") : section.rindex("]") + 1]
    names = [line.strip(' ",') for line in layers.splitlines()[1:-1]]
    turned = "layers = [\n" + "".join(f'  "{name}",\n' for name in reversed(names)) + "]"
    (tmp_path / "pyproject.toml").write_text(section.replace(layers, turned))
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename=str(tmp_path / "pyproject.toml"), no_cache=True) == 1


def test_modules_are_small():
    long = {
        place(path): n
        for paths, most in ((SOURCES, MAX_LINES), (NATIVE, MAX_NATIVE_LINES))
        for path in paths
        if (n := len(path.read_text().splitlines())) > most
    }
    assert long == {}


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def code_lines(function: Function, lines: list[str]) -> int:
    """Lines of a function that are neither blank, comment nor docstring."""
    body = function.body
    has_docstring = ast.get_docstring(function, clean=False) is not None
    skipped = range(body[0].lineno, (body[0].end_lineno or 0) + 1) if has_docstring else range(0)
    own = range(function.lineno, (function.end_lineno or 0) + 1)
    written = [lines[n - 1].strip() for n in own if n not in skipped]
    return sum(bool(line) and not line.startswith("#") for line in written)


def long_functions(text: str) -> list[str]:
    lines = text.splitlines()
    return [f.name for f in functions(ast.parse(text)) if code_lines(f, lines) >= MAX_CODE_LINES]


def test_functions_are_small():
    long = {place(path): found for path in SOURCES if (found := long_functions(path.read_text()))}
    assert long == {}


def test_a_long_function_would_be_found():
    body = "    x = 1\n" * (MAX_CODE_LINES - 1)
    assert long_functions("def f():\n" + body) == ["f"]
    assert long_functions('def f():\n    """' + "\n" * 99 + '"""\n    # why\n    x = 1\n') == []


def asserts(text: str) -> list[int]:
    return [node.lineno for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Assert)]


def test_no_bare_assert():
    """An assert vanishes under `python -O` and says nothing to a user."""
    found = {place(path): lines for path in SOURCES if (lines := asserts(path.read_text()))}
    assert found == {}
    assert asserts("def f(x):\n    assert x") == [2]


def is_public(name: str) -> bool:
    return not name.startswith("_")


def undocumented(tree: ast.AST, prefix: str = "") -> Iterator[str]:
    """The module, its public classes and functions, and their public methods."""
    if isinstance(tree, ast.Module) and not ast.get_docstring(tree):
        yield "module"
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | Function) and is_public(node.name):
            if not ast.get_docstring(node):
                yield prefix + node.name
            if isinstance(node, ast.ClassDef):
                yield from undocumented(node, f"{node.name}.")


def test_every_public_name_is_documented():
    found = {
        place(path): names
        for path in SOURCES
        if path.read_text().strip() and (names := list(undocumented(ast.parse(path.read_text()))))
    }
    assert found == {}


def test_a_missing_docstring_would_be_found():
    text = '"""M."""\nclass A:\n    """A."""\n    def f(self): ...\n    def _g(self): ...\n'
    assert list(undocumented(ast.parse(text))) == ["A.f"]
    assert list(undocumented(ast.parse("def f(): ..."))) == ["module", "f"]


def package_classes() -> list[type]:
    """Every class that the package defines."""
    found: dict[type, None] = {}
    for info in pkgutil.walk_packages(latticework.__path__, "latticework."):
        if info.name.endswith(("__main__", "._native")):
            continue
        for value in vars(importlib.import_module(info.name)).values():
            if inspect.isclass(value) and value.__module__ == info.name:
                found[value] = None
    return list(found)


def faults(cls: type, package: str = "latticework") -> list[str]:
    """Why a class is neither abstract nor final."""
    if getattr(cls, "_is_protocol", False) or issubclass(cls, enum.Enum):
        return []
    found = []
    is_abstract, says_so = inspect.isabstract(cls), cls.__name__.lstrip("_").startswith("Abstract")
    if is_abstract and not says_so:
        found.append(f"{cls.__name__} has abstract methods but is not named Abstract...")
    if says_so and not is_abstract:
        found.append(f"{cls.__name__} is named Abstract... but has no abstract method")
    for base in cls.__bases__:
        is_open = inspect.isabstract(base) or getattr(base, "_is_protocol", False)
        if base.__module__.startswith(package) and not is_open:
            found.append(f"{cls.__name__} inherits from {base.__name__}, which is concrete")
    return found


def test_every_class_is_abstract_or_final():
    classes = package_classes()
    assert len(classes) > 40
    assert any(inspect.isabstract(cls) for cls in classes)
    assert [fault for cls in classes for fault in faults(cls)] == []


class AbstractThing(ABC):
    @abstractmethod
    def do(self): ...


class Thing(AbstractThing):
    def do(self): ...


class Heir(Thing):
    pass


class AbstractNothing:
    pass


class Hidden(ABC):
    @abstractmethod
    def do(self): ...


def test_a_class_that_is_neither_would_be_found():
    assert faults(AbstractThing, __name__) == faults(Thing, __name__) == []
    assert faults(Heir, __name__) == ["Heir inherits from Thing, which is concrete"]
    assert len(faults(AbstractNothing, __name__)) == len(faults(Hidden, __name__)) == 1
