"""Taking up a run: its checkpoint is compared with what goes on, and what changed is kept."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from latticework.train import checkpoint
from latticework.train.fingerprint import Changes, accepted_changes
from latticework.train.record import RunFolder
from latticework.untrusted.schema import Check


class Note(NamedTuple):
    """Something after which a run is no longer bit for bit what it would have been.

    Args:
        epoch: of the moment, from 0.
        step: steps done in that epoch.
        text: what happened.
    """

    epoch: int
    step: int
    text: str

    @property
    def sentence(self) -> str:
        """What happened, and when, as a record has it."""
        return f"{self.text} at epoch {self.epoch + 1}, step {self.step}"


@dataclasses.dataclass(frozen=True)
class Notes:
    """All that happened to a run, in order."""

    entries: tuple[Note, ...] = ()

    @classmethod
    def of(cls, meta: Mapping[str, Any]) -> "Notes":
        """Those in the metadata of a checkpoint; an earlier version kept none."""
        stored = meta.get("notes", ())
        return cls(tuple(Note(note["epoch"], note["step"], note["text"]) for note in stored))

    def then(self, epoch: int, step: int, texts: Sequence[str]) -> "Notes":
        """With what happened at a later moment."""
        return Notes(self.entries + tuple(Note(epoch, step, text) for text in texts))

    @property
    def json(self) -> list[dict[str, Any]]:
        """As a checkpoint keeps them."""
        return [note._asdict() for note in self.entries]

    @property
    def sentences(self) -> tuple[str, ...]:
        """As result.json has them."""
        return tuple(note.sentence for note in self.entries)

    def line(self, epoch: int) -> dict[str, list[str]]:
        """The entry in the record of an epoch; nothing where nothing happened."""
        texts = [note.sentence for note in self.entries if note.epoch == epoch]
        return {"notes": texts} if texts else {}


class Resumption(NamedTuple):
    """What a checkpoint holds, for a run that may go on from it.

    Args:
        arrays: the state, in the structure asked for.
        meta: position and counts.
        changes: what is no longer as it was.
    """

    arrays: Any
    meta: dict[str, Any]
    changes: Changes


def take_up(
    folder: RunFolder, check: Check, like: Any, fingerprint: Mapping[str, Any], new_kernel: bool
) -> Resumption:
    """Read a checkpoint if the run with this fingerprint may go on from it.

    Args:
        folder: where the checkpoint lies.
        check: what its metadata must be.
        like: the structure of the arrays.
        fingerprint: of the run that wants to go on.
        new_kernel: whether it may have another code path.

    Raises:
        ValueError: the checkpoint is damaged or belongs to another run.
    """
    path, meta = folder.checkpoint, folder.read_checkpoint_meta(check)
    changes = accepted_changes(path, meta["fingerprint"], fingerprint, new_kernel=new_kernel)
    arrays, _ = checkpoint.load(path, like)
    return Resumption(arrays, meta, changes)
