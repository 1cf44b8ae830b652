"""Names and texts from outside: as a file name, and as plain text on a screen."""

import hashlib
import re
import unicodedata

LONGEST = 80
"""Characters of a file name without its ending."""

_PLAIN = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_-])?")
_RESERVED = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)))
)
_UNPRINTABLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
"""Categories of characters that steer a terminal, turn the direction of text or show nothing."""


def file_name(name: str) -> str:
    """A file name, without an ending, for something that is called `name`.

    Small letters, digits, hyphens, dots and underscores remain as they are; it never begins with
    a dot or a hyphen, ends with a dot, names a device of Windows or is longer than 80 characters. A
    name that had to be changed ends with eight digits of its SHA-256, so that different names keep
    different files, also where capitals are not told from small letters.
    """
    is_reserved = name.partition(".")[0] in _RESERVED
    if _PLAIN.fullmatch(name) and len(name) <= LONGEST and not is_reserved:
        return name
    letters = unicodedata.normalize("NFKD", name[: 4 * LONGEST]).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9_]+", "-", letters.lower()).strip("-")[: LONGEST - 9].rstrip("-")
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{words or 'unnamed'}-{digest}"


def printable(text: str) -> str:
    """`text` with every character that a terminal would act on, lines aside, as its escape."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in _UNPRINTABLE:
        return character
    return ascii(character)[1:-1]
