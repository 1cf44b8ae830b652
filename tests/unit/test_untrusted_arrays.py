"""Arrays and tensors from outside: numpy's files and safetensors, without pickle, within limits."""

import io
import json
import struct
import zipfile

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from latticework.untrusted import decode_tensors, read_npy, read_npz

DTYPES = st.sampled_from(("<f8", ">f4", "<f2", "<i8", ">i2", "|u1", "|b1", "<U3"))
ARRAYS = DTYPES.flatmap(
    lambda dtype: hnp.arrays(
        dtype,
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
        elements=st.text("aé😀", max_size=3) if "U" in dtype else None,
    )
)


def npy(descr: str, shape: str, content: bytes = b"", order: str = "False") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + content


def npz(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name + ".npy", content)
    return made.getvalue()


@given(ARRAYS, st.booleans())
def test_what_numpy_writes_is_read_as_numpy_reads_it(tmp_path_factory, array, packed):
    path = tmp_path_factory.getbasetemp() / "any.npz"
    turned = np.asfortranarray(array)
    (np.savez_compressed if packed else np.savez)(path, a=array, turned=turned)
    read = read_npz(path)
    np.save(path.with_suffix(".npy"), turned)
    for got in (*read.values(), read_npy(path.with_suffix(".npy"), 100)):
        assert got.dtype == array.dtype and got.flags.writeable
        np.testing.assert_array_equal(got, array)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (npy("'|O'", "(1,)", b"cos\nsystem\n"), r"values of type \|O"),
        (npy("[('a', '<f4')]", "(1,)", bytes(4)), "not that of plain numbers"),
        (npy("'<c16'", "(1,)", bytes(16)), "values of type <c16"),
        (npy("'<f8'", "(1099511627776, 1099511627776)"), "it holds 1,208,925|announces"),
        (npy("'<f8'", "(3,)", bytes(16)), "announces 24 bytes .* 16 follow"),
        (npy("'<f8'", "(1,)", bytes(16)), "announces 8 bytes .* 16 follow"),
        (npy("'<f8'", "(" + "1, " * 33 + ")", bytes(8)), "33 axes"),
        (npy("'<f8'", "(3)", bytes(24)), "its shape is no tuple"),
        (npy("'<f8'", "(-1,)", bytes(8)), "not that of plain numbers"),
        (npy("__import__('os')", "(1,)"), "not that of plain numbers"),
        (npy("'|b1'", "(1,)", b"\2"), "no flags"),
        (npy("'<U1'", "(1,)", struct.pack("<I", 0x110000)), "do not exist"),
        (npy("'<U1'", "(1,)", struct.pack("<I", 0xD800)), "do not exist"),
        (b"\x93NUMPY\1\0" + b"\xff\xff" + b"{" * 5000, "longer than that of plain numbers"),
        (b"\x93NUMPY\x09\0" + bytes(60), "version 9"),
        (b"PK\3\4", "does not begin as"),
        (b"", "does not begin as"),
    ],
)
def test_refused_arrays(tmp_path, content, expected):
    (tmp_path / "x.npy").write_bytes(content)
    (tmp_path / "x.npz").write_bytes(npz(x=content))
    with pytest.raises(ValueError, match=expected) as one:
        read_npy(tmp_path / "x.npy", 1000)
    with pytest.raises(ValueError, match=f"x: .*({expected})") as other:
        read_npz(tmp_path / "x.npz")
    assert "\n" not in str(one.value) + str(other.value)


def directory(data: bytes, at: int, value: int, width: int = 4) -> bytes:
    """`data` with a number of the directory's first entry replaced."""
    place = data.index(b"PK\1\2") + at
    return data[:place] + value.to_bytes(width, "little") + data[place + width :]


WHOLE = npz(x=npy("'|u1'", "(9,)", bytes(9)), y=npy("'|u1'", "(9,)", bytes(9)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (WHOLE[:-30], "no zip archive"),
        (WHOLE + b"x", "no zip archive"),
        (WHOLE[:40] + b"\xff\xff" + WHOLE[42:], "x"),
        (directory(WHOLE, 24, 2**31), "would take 2,147,"),
        (directory(WHOLE, 24, 10), "longer than the directory says"),
        (directory(WHOLE, 24, 0xFFFFFFFF), "larger than 4 GiB"),
        (directory(WHOLE, 20, 10**6), "overlaps what follows"),
        (directory(WHOLE, 16, 1), "checksum is wrong"),
        (directory(WHOLE, 10, 12, 2), "packed by method 12"),
        (directory(WHOLE, 8, 1, 2), "encrypted"),
        (directory(WHOLE, 42, 60), "overlaps|has no header|another name"),
        (directory(WHOLE, 46, ord("z"), 1), "another name in its own header"),
        (directory(WHOLE, 46, ord("y"), 1), "the same name"),
        (directory(WHOLE, 50, ord("x"), 1), "which is no array"),
        (directory(WHOLE, 46, ord("\n"), 1), "cannot be printed"),
    ],
)
def test_refused_archives(tmp_path, content, expected):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(ValueError, match=f"not a whole .npz archive .*{expected}"):
        read_npz(tmp_path / "x.npz")


def tensors(header: object, content: bytes = bytes(16)) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content


def entry(begin: int, end: int, dtype: str = "F32", shape: tuple[int, ...] = (2,)) -> dict:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


@given(st.dictionaries(st.text("ab", min_size=1), ARRAYS.filter(lambda a: a.dtype.kind != "U")))
def test_what_safetensors_writes_is_read_as_it_reads_it(arrays):
    native = {name: array.astype(array.dtype.newbyteorder("=")) for name, array in arrays.items()}
    native = {name: np.array(array, order="C") for name, array in native.items()}
    data = safetensors.numpy.save(native, {"about": "é"})
    read, metadata = decode_tensors(data)
    assert metadata == {"about": "é"} and read.keys() == native.keys()
    for name, array in native.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "too few for a header"),
        (bytes(8) + b"x", "Expecting value"),
        ((2**63).to_bytes(8, "little") + b"{}", "cut off"),
        (tensors([]), "no JSON object"),
        (tensors({"a": entry(0, 8), "b": entry(4, 12)}, bytes(12)), "overlap"),
        (tensors({"a": entry(0, 8), "b": entry(0, 8)}, bytes(8)), "overlap"),
        (tensors({"a": entry(8, 16)}), "leave bytes out"),
        (tensors({"a": entry(0, 8)}), "leave bytes out"),
        (tensors({"a": entry(0, 32)}), "beyond its end"),
        (tensors({"a": entry(0, 16)}), r"shape \[2\] of F32 and 16 bytes"),
        (tensors({"a": entry(0, 16, "F8_E4M3", (16,))}), "of type 'F8_E4M3'"),
        (tensors({"a": entry(0, 16, "BOOL", (16,))}, b"\3" * 16), "no flags"),
        (tensors({"a": {**entry(0, 16), "shape": [-4]}}), r"a.shape\[0\] is -4"),
        (tensors({"a": {**entry(0, 16), "data_offsets": [0]}}), "1 items, expected 2"),
        (tensors({"a": 3}), "a is 3, expected an object"),
        (tensors({"__metadata__": {"x": 1}}, b""), "__metadata__.x is 1, expected a text"),
    ],
)
def test_refused_tensors(data, expected):
    with pytest.raises(ValueError, match=expected):
        decode_tensors(data)
