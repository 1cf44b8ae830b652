"""Numbers in words."""


def plural(number: int, what: str) -> str:
    """`1 seed`, `2 seeds`, `60,000 images`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
