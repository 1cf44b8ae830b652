"""Damaging files: as chance does, and as somebody does who knows the format."""

import io
import json
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

Mutate = Callable[[bytes, random.Random], bytes]

NUMBERS = (0, 1, 2, 7, 8, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 10**6, 2**28, 2**31 - 1)
NUMBERS += (2**31, 2**32 - 1, 2**32, 2**40, 2**53, 2**63 - 1, 2**63, 2**64 - 1)
MOST_BYTES = 1 << 20


def noise(data: bytes, draw: random.Random) -> bytes:
    """One to four random damages that know nothing of the format."""
    made = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        if not made:
            return bytes(made)
        at, size = draw.randrange(len(made)), draw.choice((1, 2, 4, 8))
        kind = draw.randrange(8)
        if kind == 0:
            made[at] ^= 1 << draw.randrange(8)
        elif kind == 1:
            made[at] = draw.randrange(256)
        elif kind == 2:
            del made[at:]
        elif kind == 3:
            del made[at : at + draw.randrange(1, 64)]
        elif kind == 4:
            piece = made[at : at + draw.randrange(1, 256)]
            place = draw.randrange(len(made))
            made[place:place] = piece
        elif kind == 5:
            made[at:at] = draw.randbytes(draw.randrange(1, 32))
        elif kind == 6:
            order = draw.choice(("little", "big"))
            made[at : at + size] = (draw.choice(NUMBERS) % 256**size).to_bytes(size, order)
        else:
            other = draw.randrange(len(made))
            made[at : at + 16] = made[other : other + 16]
    return bytes(made[:MOST_BYTES])


def header(data: bytes, draw: random.Random) -> bytes:
    """A number among the first hundred bytes replaced by one that is asking for trouble."""
    made = bytearray(data)
    at, size = draw.randrange(min(len(made), 100) or 1), draw.choice((1, 2, 4, 8))
    order = draw.choice(("little", "big"))
    made[at : at + size] = (draw.choice(NUMBERS) % 256**size).to_bytes(size, order)
    return bytes(made)


ODD: tuple[Any, ...] = (None, True, False, 0, 1, -1, 2, 7, 255, 10**6, 2**31, 2**32, 2**53, 2**63)
ODD += (-(2**63), 0.0, -0.5, 0.5, 1.5, 1e-300, 1e300, -1e300, "", "x", "../../x", "/etc/passwd")
ODD += ("\x1b[31m", "[bold]", ":100:", "é", "a b", "$\\frac$", "x" * 3000, [], {}, [None], [[]])
ODD += ([0], [1, 2, 3], ["a"], {"kind": "x"}, {"a": 1}, [1.5] * 100, {"": None})
_TEXTS = ("NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, '"\\ud800"', "[" * 5000, "{}}", "01")
_TEXTS += ('{"a":1,"a":2}', '{"a":' * 2000, "\x00", "\ufeff", '"\\u0000"', "[" * 70 + "]" * 70)


def json_value(text: bytes, draw: random.Random) -> bytes:
    """JSON in which some values are of another kind, missing, or in another place."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return noise(text, draw)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        value = _changed(value, draw)
    made = json.dumps(value)
    if draw.randrange(8) == 0:
        places = [match.span() for match in re.finditer(r'[\d.]+|"[^"]*"|null|true|false', made)]
        if places:
            start, end = draw.choice(places)
            made = made[:start] + draw.choice(_TEXTS) + made[end:]
    return made.encode("utf-8", "surrogatepass")


def json_lines(text: bytes, draw: random.Random) -> bytes:
    """The same for a file with one value a line."""
    lines = text.split(b"\n")
    at = draw.randrange(max(len(lines) - 1, 1))
    kind = draw.randrange(6)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(
            at, draw.choice((b"", b"null", b"[]", b"{}", b"1", b'"x"', lines[at], b"\xff"))
        )
    else:
        lines[at] = json_value(lines[at], draw)
    return b"\n".join(lines)


def _changed(value: Any, draw: random.Random) -> Any:
    """`value` with one place of it changed."""
    if isinstance(value, dict) and value and draw.randrange(12):
        key = draw.choice(list(value))
        made, kind = dict(value), draw.randrange(16)
        if kind == 0:
            del made[key]
        elif kind == 1:
            made[draw.choice(("", "kind", "x", "\x1b[0m", "a" * 500))] = made.pop(key)
        elif kind == 2:
            made[key] = made[draw.choice(list(value))]
        else:
            made[key] = _changed(made[key], draw)
        return made
    if isinstance(value, list) and value and draw.randrange(12):
        made, kind, at = list(value), draw.randrange(16), draw.randrange(len(value))
        if kind == 0:
            del made[at]
        elif kind == 1:
            made += made[: draw.choice((1, 5, 100))]
        else:
            made[at] = _changed(made[at], draw)
        return made
    if isinstance(value, int | float) and not isinstance(value, bool) and draw.randrange(2):
        return draw.choice((value + 1, value - 1, -value, value * 2, value * 10**6, value / 2))
    return draw.choice(ODD)


DESCRS = ("<f8", "<f4", "<f2", "<i8", "<i4", "|u1", "|b1", "|O", "<U4", "<U1000", "<M8[s]", "<c16")
DESCRS += ("|V8", "<f16", ">f4", "|S5", "<U99999", "|i0", "[('a', '<f4')]", "<f8'", "f", "<i3")


def array(data: bytes, draw: random.Random) -> bytes:
    """An `.npy` file with another header, whose length fits."""
    if data[:6] != b"\x93NUMPY" or len(data) < 12:
        return noise(data, draw)
    end = 10 + int.from_bytes(data[8:10], "little")
    text, rest = data[10:end].decode("latin-1").rstrip(), data[end:]
    kind = draw.randrange(6)
    if kind == 0:
        text = re.sub(r"'descr': '[^']*'", lambda _: f"'descr': '{draw.choice(DESCRS)}'", text)
    elif kind == 1:
        sizes = [str(draw.choice(NUMBERS)) for _ in range(draw.choice((0, 1, 2, 3, 33)))]
        text = re.sub(r"\([^)]*\)", lambda _: f"({', '.join(sizes)},)" if sizes else "()", text)
    elif kind == 2:
        text = text.replace("False", draw.choice(("True", "None", "1", "False, 'x': 1")))
    elif kind == 3:
        text = draw.choice(
            ("{" * 3000, "(" * 3000, "__import__('os')", "{}", "9" * 3000, text + "x")
        )
    elif kind == 4:
        text = noise(text.encode(), draw).decode("latin-1")
    else:
        rest = noise(rest, draw)
    head = text.encode("latin-1", "replace") + b" " * (-(len(text) + 11) % 64) + b"\n"
    version = draw.choice((1, 1, 1, 1, 2, 3, 9))
    length = (
        len(head).to_bytes(2 if version == 1 else 4, "little") if len(head) < 65536 else b"\0\0"
    )
    return b"\x93NUMPY" + bytes((version, 0)) + length + head + rest


_BOMB = b"\x93NUMPY\1\0\x46\0{'descr': '|u1', 'fortran_order': False, 'shape': (100000,), }"
_BOMB = _BOMB.ljust(79) + b"\n" + bytes(100_000)
_LONG_TEXT = b"a\0\0" + zlib.compress(bytes(10**6))


def archive(data: bytes, draw: random.Random) -> bytes:
    """An `.npz` whose members are damaged and packed again, or whose directory is."""
    if draw.randrange(3) == 0:
        return _directory(data, draw)
    made = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
            names = old.namelist()
            hit, odd = draw.choice(names), draw.randrange(12)
            for name in names:
                content = old.read(name)
                if name == hit and odd == 0:
                    continue
                if name == hit and odd > 3:
                    content = array(content, draw) if draw.randrange(4) else noise(content, draw)
                if name == hit and odd == 1:
                    name = draw.choice(("x", "../x.npy", "/x.npy", "\x1b.npy", names[0], ".npy"))
                how = draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
                new.writestr(zipfile.ZipInfo(name), content, how, 1)
            if odd == 2:
                new.writestr(zipfile.ZipInfo("bomb.npy"), _BOMB, zipfile.ZIP_DEFLATED, 1)
    except Exception:
        return noise(data, draw)
    return made.getvalue()


def _directory(data: bytes, draw: random.Random) -> bytes:
    """A number in a header or in the directory of a zip archive replaced."""
    marks = [match.start() for match in re.finditer(rb"PK(?:\x01\x02|\x03\x04|\x05\x06)", data)]
    if not marks:
        return noise(data, draw)
    made = bytearray(data)
    at, size = draw.choice(marks) + draw.randrange(4, 46), draw.choice((2, 4))
    value = draw.choice((*NUMBERS, len(data), draw.choice(marks)))
    made[at : at + size] = (value % 256**size).to_bytes(size, "little")
    return bytes(made)


def png(data: bytes, draw: random.Random) -> bytes:
    """A PNG with a chunk changed, left out or doubled, and right checksums."""
    chunks, at = [], 8
    while at + 8 <= len(data):
        (size,) = struct.unpack_from(">L", data, at)
        chunks.append([data[at + 4 : at + 8], data[at + 8 : at + 8 + size]])
        at += 12 + size
    if not chunks:
        return noise(data, draw)
    kind, hit = draw.randrange(8), draw.choice(chunks)
    if kind < 4:
        hit = chunks[0] if kind < 3 else hit
        hit[1] = header(hit[1], draw) if hit[1] else b"\0"
    elif kind == 4:
        chunks.remove(hit)
    elif kind == 5:
        chunks.insert(draw.randrange(len(chunks)), hit)
    elif kind == 6:
        name = draw.choice((b"tEXt", b"zTXt", b"iCCP", b"tRNS", b"PLTE", b"eXIf", b"acTL", b"fcTL"))
        body = draw.choice((b"", _LONG_TEXT, draw.randbytes(20)))
        chunks.insert(draw.randrange(1, len(chunks) + 1), [name, body])
    else:
        hit[1] = noise(hit[1], draw)
    return data[:8] + b"".join(
        struct.pack(">L", len(body)) + name + body + struct.pack(">L", zlib.crc32(name + body))
        for name, body in chunks
    )


def tiff(data: bytes, draw: random.Random) -> bytes:
    """A TIFF with one entry of its first directory changed."""
    order = ">" if data[:2] == b"MM" else "<"
    if len(data) < 8 or data[:2] not in (b"MM", b"II"):
        return noise(data, draw)
    (start,) = struct.unpack_from(order + "L", data, 4)
    if start + 2 > len(data):
        return noise(data, draw)
    (count,) = struct.unpack_from(order + "H", data, start)
    made = bytearray(data)
    at = start + 2 + 12 * draw.randrange(max(count, 1))
    place, size = draw.choice(((0, 2), (2, 2), (4, 4), (8, 4), (8, 2), (8, 4)))
    value = draw.choice((*NUMBERS, 322, 323, 258, 277, 259, 5, 8, 32773, 50000))
    word = struct.pack(order + {2: "H", 4: "L"}[size], value % 256**size)
    made[at + place : at + place + size] = word
    return bytes(made)


def tensors(data: bytes, draw: random.Random) -> bytes:
    """A safetensors file with another header, whose length fits."""
    end = 8 + int.from_bytes(data[:8], "little")
    if end > len(data):
        return noise(data, draw)
    head = json_value(data[8:end], draw)
    return len(head).to_bytes(8, "little") + head + data[end:]


def tar(data: bytes, draw: random.Random) -> bytes:
    """A tar archive with one header changed and, mostly, its checksum right."""
    made = bytearray(data)
    blocks = [at for at in range(0, len(made) - 511, 512) if made[at + 257 : at + 262] == b"ustar"]
    if not blocks:
        return noise(data, draw)
    at = draw.choice(blocks)
    field = draw.choice(((0, 100), (100, 8), (124, 12), (124, 12), (136, 12), (156, 1), (345, 155)))
    place, size = at + field[0], field[1]
    choices = (
        b"7" * 11 + b"\0",
        b"\x80" + b"\xff" * 11,
        b"-1",
        b"0" * 11 + b"\0",
        b"x",
        b"L",
        b"5",
    )
    value = draw.choice((*choices, draw.randbytes(size), b"77777777\0", b"1"))[:size]
    made[place : place + len(value)] = value
    if draw.randrange(4):
        block = made[at : at + 148] + b" " * 8 + made[at + 156 : at + 512]
        made[at + 148 : at + 156] = b"%06o\0 " % sum(block)
    return bytes(made)
