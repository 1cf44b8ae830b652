"""`latticework doctor`: what this installation can do."""

import dataclasses
from collections.abc import Sequence

from latticework.cli.arguments import DataOptions, Unprefixed, parse
from latticework.cli.output import console, print_json
from latticework.studies.health import BROKEN, Finding, examine

STYLES = {"ok": "green", "missing": "yellow", BROKEN: "bold red"}


@dataclasses.dataclass(frozen=True)
class DoctorOptions:
    """What this installation can do: versions, devices, kernels, data. Touches no network.

    The exit status is 0 unless something essential is broken.

    Args:
        data: where data come from.
        json: print one JSON value and nothing else.
    """

    data: Unprefixed = dataclasses.field(default_factory=DataOptions)
    json: bool = False


def main(argv: Sequence[str]) -> int:
    """Examine and print."""
    options = parse(DoctorOptions, argv, "doctor")
    findings = list(examine(options.data.source()))
    is_well = all(finding.state != BROKEN for finding in findings)
    if options.json:
        print_json({"well": is_well, "findings": [dataclasses.asdict(f) for f in findings]})
    else:
        _print(findings, is_well)
    return 0 if is_well else 1


def _print(findings: Sequence[Finding], is_well: bool) -> None:
    screen = console()
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        screen.print(f"{finding.state:<8}", style=STYLES[finding.state], end="")
        text = f"{finding.what:<{width}}  {finding.detail}"
        screen.print(text, soft_wrap=True)
    if is_well:
        screen.print("all that is essential works; begin with: latticework train grid-snap1-adam")
    else:
        screen.print(
            "what says BROKEN is essential: mend it as its line says, or install the package again",
            style="bold red",
            soft_wrap=True,
        )
