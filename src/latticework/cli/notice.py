"""The announcement that other data than those asked for are used."""

from rich.console import Console

from latticework.core.task import Dataset


def print_notice(screen: Console, dataset: Dataset) -> None:
    """Print the data set's notice, if there is one."""
    if dataset.notice:
        screen.print(f"NOTE: {dataset.notice}", style="bold yellow", markup=False, soft_wrap=True)
