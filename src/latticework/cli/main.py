"""`latticework COMMAND ...`: find the command, turn errors into sentences."""

import contextlib
import importlib
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from latticework.cli.first_aid import device_trouble, doctor_without_libraries
from latticework.cli.options import settled_words
from latticework.cli.streams import give_up_output, settle_streams, warnings_in_lines
from latticework.core import interrupts
from latticework.core.environment import fault, why_not_loaded
from latticework.core.registry import unknown_name

COMMANDS = {
    "list": "the recipes, with published and our numbers",
    "describe": "a recipe's network: a drawing, its parameters, the memory of each rule",
    "train": "train a recipe; every field can be overridden, as in --rule.hops 2",
    "evaluate": "accuracy of a run on its test set",
    "predict": "classes and scores of images, by a run",
    "reproduce": "run recipes and print published beside ours",
    "study": "many runs that answer one question, with a table and a figure",
    "gradcheck": "a rule's direction against the true gradient, in float64",
    "verify": "replay golden arrays of the published programs",
    "bench": "time the kernels",
    "export": "a run as safetensors and JSON, for the page and other programs",
    "demo": "a page in the browser: draw a digit and watch the networks think",
    "report": "rebuild the tables and figures of the documentation",
    "data": "what data are here, and fetch them",
    "doctor": "what this installation can do",
    "completion": "a script for your shell that completes commands and options",
}
USAGE_ERROR = 2
INTERRUPTED = 130


def main_process() -> NoReturn:
    """Run the command line; the process ends with its status, or by the signal that stopped it."""
    status = main()
    if status == INTERRUPTED:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        interrupts.end_by(signal.SIGINT)
    sys.exit(status)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    args = list(sys.argv[1:] if argv is None else argv)
    settle_streams()  # first: what is opened before it would take the number of a closed stream
    with interrupts.watching(["latticework", *args]) as watch, warnings_in_lines():
        status = _main(args, watch)
        if not watch.requested:
            return status
        if line := watch.how_to_go_on():
            with contextlib.suppress(OSError):
                print(line, file=sys.stderr)
        return watch.status


def _main(args: list[str], watch: interrupts.Watch) -> int:
    if not args or args[0] in ("-h", "--help"):
        print(_usage())
        return 0 if args else USAGE_ERROR
    if args[0] == "--version":
        from importlib.metadata import version

        print(f"latticework {version('latticework')}")
        return 0
    try:
        if args[0] not in COMMANDS:
            raise ValueError(unknown_name("command", args[0], COMMANDS))
        watch.starting = True
        words = settled_words(args[1:])
        if args[0] != "doctor" and (wrong := fault()):
            raise ValueError(wrong)
        try:
            module = importlib.import_module(f"latticework.cli.{args[0]}")
        except Exception as error:
            if watch.requested:
                raise
            if args[0] == "doctor":
                return doctor_without_libraries(words, error)
            raise ValueError(why_not_loaded(error)) from error
        from latticework.core.seeds import own_draws  # brings JAX, which --help does without

        watch.starting = False
        with own_draws():
            status = module.main(words)
        _flush()
        return status
    except BrokenPipeError:
        give_up_output()  # the reader (head, say) has seen enough
        return 0
    except (ValueError, OSError) as error:
        print(f"latticework: {_one_line(error)}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        if not watch.requested:
            print("latticework: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        # A library that was cut off by the signal may say so in its own way.
        if watch.requested:
            return INTERRUPTED
        if sentence := device_trouble(error):
            print(f"latticework: {sentence}", file=sys.stderr)
            return USAGE_ERROR
        raise


def _flush() -> None:
    """Write what is printed now, while it can still be said that it cannot be written."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        give_up_output()
        raise OSError(f"standard output cannot be written: {error.strerror or error}") from error


def _one_line(error: Exception) -> str:
    from latticework.untrusted.names import printable

    return printable(" ".join(str(error).split())) or type(error).__name__


def _usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()]
    return "\n".join(
        [
            "latticework: lattices of simple cells that learn by local or exact rules",
            "",
            "usage: latticework COMMAND [...]      latticework COMMAND --help",
            "",
            *lines,
            "",
            "begin with: latticework train grid-snap1-adam",
        ]
    )
