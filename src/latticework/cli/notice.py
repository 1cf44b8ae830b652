"""What is said of the data: where they come from, and when they are not those asked for."""

from rich.console import Console

from latticework.core.task import Dataset


def print_notice(screen: Console, dataset: Dataset) -> None:
    """Print the data set's notice, if there is one."""
    if dataset.notice:
        screen.print(f"NOTE: {dataset.notice}", style="bold yellow", soft_wrap=True)


def print_origin(screen: Console, dataset: Dataset) -> None:
    """Print where the data come from, and what tells them from others."""
    screen.print(
        f"data {dataset.name} from {dataset.origin}, SHA-256 {dataset.sha256}",
        soft_wrap=True,
    )
