"""Text for what takes only a few characters: each other one by the plain one that is next to it."""

import unicodedata

PLAIN = {
    "±": "+-",
    "×": "x",
    "·": ".",
    "…": "...",
    "–": "-",
    "—": "-",
    "−": "-",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "≤": "<=",
    "≥": ">=",
    "→": ">",
    "←": "<",
    "↓": "v",
    "↑": "^",
    "●": "o",
    "•": "*",
    "█": "#",
    "▀": "#",
    "▄": "#",
    "⋮": ":",
    "⋯": ".",
}
"""Plain characters for those that this package or its libraries print."""

_FIRST_BOX, _LAST_BOX = 0x2500, 0x257F
_SURROGATES = range(0xD800, 0xE000)


def plain_character(character: str) -> str:
    """ASCII for one character; `?` where there is nothing like it.

    A byte of a file name that is no UTF-8 (Python holds it as a surrogate) is written `\\xff`.
    """
    if character.isascii():
        return character
    if character in PLAIN:
        return PLAIN[character]
    number = ord(character)
    if number in _SURROGATES:
        return f"\\x{number & 0xFF:02x}" if 0xDC80 <= number <= 0xDCFF else "?"
    if _FIRST_BOX <= number <= _LAST_BOX:
        return _box(unicodedata.name(character, ""))
    letters = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return letters or "?"


def plain_text(text: str) -> str:
    """`text` in ASCII."""
    return "".join(map(plain_character, text))


def _box(name: str) -> str:
    """A character that boxes and bars are drawn with, by its name in Unicode."""
    lies = any(word in name for word in ("HORIZONTAL", "LEFT", "RIGHT"))
    stands = any(word in name for word in ("VERTICAL", "UP", "DOWN"))
    if lies and stands:
        return "+"
    return "|" if stands else "-"
