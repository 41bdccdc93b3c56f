"""Saving and loading: what comes back, and what files cannot do to a reader."""

import io
import json
import math
import os
import pickle
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scratchnet.serialization import load, save


def same(a, b):
    """Equal in type, value and, for arrays, dtype, shape and memory order."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        return (
            a.dtype == b.dtype
            and a.shape == b.shape
            and a.tobytes() == b.tobytes()
            and a.flags.f_contiguous == b.flags.f_contiguous
        )
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b or (a != a and b != b)


DTYPES = [
    "?",
    "i1",
    "u1",
    "<i2",
    ">i4",
    "<i8",
    "<u8",
    "<f2",
    "<f4",
    ">f4",
    "<f8",
    "<c8",
    "<c16",
]
arrays = st.builds(
    lambda array, fortran: np.asfortranarray(array) if fortran else array,
    st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(
            dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
        )
    ),
    st.booleans(),
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    arrays,
    st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(dtype, ()).map(lambda array: array[()])
    ),
)
objects = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text(), st.integers()), inner, max_size=3),
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("saved") / "object.npz"


@given(obj=objects)
def test_what_is_saved_comes_back(scratch, obj):
    save(obj, scratch)
    assert same(load(scratch), obj)


def training_state():
    return {
        "model": {"0.weight": np.ones((3, 2), np.float32), "0.bias": np.zeros(3)},
        "optimizer": {
            "state": {0: {"step": np.float32(7), "exp_avg": np.arange(6.0)}, 1: {}},
            "param_groups": [
                {"lr": 1e-3, "betas": (0.9, 0.999), "foreach": None, "params": [0, 1]}
            ],
        },
        "epoch": 3,
        "best": math.inf,
        "done": False,
    }


def test_a_training_state_comes_back(tmp_path):
    save(training_state(), tmp_path / "run.npz")
    assert same(load(tmp_path / "run.npz"), training_state())


def test_loaded_arrays_can_be_trained_on(tmp_path):
    save([np.ones(3), np.asfortranarray(np.ones((2, 3)))], tmp_path / "x")
    for array in load(tmp_path / "x"):
        array += 1.0
        assert (array == 2.0).all()


def test_an_array_in_two_places_comes_back_in_both(tmp_path):
    tied = np.arange(3.0)
    save({"encoder": tied, "decoder": tied}, str(tmp_path / "x"))
    assert same(load(str(tmp_path / "x")), {"encoder": tied, "decoder": tied})


def test_long_doubles_come_back_by_value(tmp_path):
    """Apart from the others, since their padding bytes differ from copy to copy."""
    array = np.array([-0.0, np.pi, np.nan, np.inf], np.longdouble) / 3
    save(array, tmp_path / "x")
    np.testing.assert_array_equal(load(tmp_path / "x"), array, strict=True)


def test_strided_views_come_back_by_value(tmp_path):
    array = np.arange(24.0).reshape(4, 6)[::2, ::-3]
    save(array, tmp_path / "x")
    np.testing.assert_array_equal(load(tmp_path / "x"), array, strict=True)


def test_numpy_reads_the_arrays(tmp_path):
    save(training_state(), tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz", allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["array_0"], np.ones((3, 2), np.float32))


# What cannot be saved


class Subclass(np.ndarray):
    pass


class Pair(tuple):
    pass


REFUSED = {
    "object array": (np.array([None]), "expected numbers or booleans, got object"),
    "text array": (np.array(["a"]), "expected numbers or booleans, got <U1"),
    "record array": (np.zeros(2, "f4,i4"), "expected numbers or booleans"),
    "subclass of ndarray": (np.zeros(2).view(Subclass), "got Subclass"),
    "masked array": (np.ma.array([1, 2], mask=[0, 1]), "got MaskedArray"),
    "subclass of tuple": (Pair([1]), "got Pair"),
    "set": ({1}, "got set"),
    "bytes": (b"a", "got bytes"),
    "complex": (1j, "got complex"),
    "function": (len, "got builtin_function"),
    "tuple as key": ({(0, 1): 1}, r"expected keys of str or int, got \(0, 1\)"),
    "bool as key": ({True: 1}, "expected keys of str or int, got True"),
    "NumPy text": (np.str_("a"), "expected numbers or booleans, got <U1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_saved_is_named_and_nothing_is_written(tmp_path, case):
    value, fault = REFUSED[case]
    with pytest.raises(TypeError, match=r"^obj\['state'\]\[1\]: .*" + fault):
        save({"model": np.ones(2), "state": [0, value]}, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


# All or nothing


@pytest.mark.parametrize("failure", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["write_array", "fsync", "replace"])
def test_a_failed_save_leaves_the_old_file_and_no_other(
    tmp_path, monkeypatch, step, failure
):
    save("old", tmp_path / "x")
    old = (tmp_path / "x").read_bytes()

    def fail(*args, **kwargs):
        if step == "write_array":
            args[0].write(b"half an array")
        raise failure

    target = {
        "write_array": "numpy.lib.format.write_array",
        "fsync": "os.fsync",
        "replace": "pathlib.Path.replace",
    }[step]
    monkeypatch.setattr(target, fail)
    with pytest.raises(type(failure)):
        save({"weight": np.ones(5)}, tmp_path / "x")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == old


def test_the_new_file_is_on_disk_before_it_takes_the_name(tmp_path, monkeypatch):
    order = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("fsync"), fsync(fd)))
    monkeypatch.setattr(
        os, "replace", lambda a, b: (order.append("replace"), replace(a, b))
    )
    save(np.ones(3), tmp_path / "x")
    assert order == ["fsync", "replace"]


def test_saving_into_no_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="none is none"):
        save(1, tmp_path / "none" / "x")


def nested(depth):
    return [nested(depth - 1)] if depth else 1


@pytest.mark.parametrize("case", ["itself", "deep", "long"])
def test_what_json_cannot_hold_is_refused(tmp_path, case):
    endless = []
    endless.append(endless)
    obj = {"itself": endless, "deep": nested(900), "long": 10**5000}[case]
    with pytest.raises(TypeError, match="obj: expected what JSON can hold, but "):
        save(obj, tmp_path / "x")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="expected a file to read"):
        load(tmp_path / "pipe")


def test_who_may_not_read_a_file_may_not_read_it_while_it_is_written(
    tmp_path, monkeypatch
):
    path = tmp_path / "x"
    save(1, path)
    path.chmod(0o600)
    modes = []

    def seen(archive, *arguments):
        modes.extend(p.stat().st_mode & 0o777 for p in tmp_path.glob(".*.tmp"))

    monkeypatch.setattr(zipfile.ZipFile, "writestr", seen)
    save(2, path)
    assert modes == [0o600]


# Files that save did not write


def npy_bytes(array, **kwargs):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, **kwargs)
    return buffer.getvalue()


def npy_declaring(shape, descr="<f8", data=b""):
    buffer = io.BytesIO()
    fields = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, fields)
    return buffer.getvalue() + data


def archive(path, structure='{"array": 0}', compression=zipfile.ZIP_STORED, **entries):
    with zipfile.ZipFile(path, "w", compression) as file:
        if structure is not None:
            file.writestr("structure.json", structure)
        for name, content in entries.items():
            file.writestr(name + ".npy", content)


GOOD = npy_bytes(np.arange(2.0))
FOREIGN = {
    "no structure": ({"structure": None, "array_0": GOOD}, "expected the entries"),
    "array missing": ({}, "unknown or repeated part: {'array': 0}"),
    "array twice": (
        {"structure": '[{"array": 0}, {"array": 0}]', "array_0": GOOD},
        "unknown or repeated part",
    ),
    "array to spare": (
        {"array_0": GOOD, "array_1": GOOD},
        r"does not say where array_1.npy belongs",
    ),
    "numbers with a gap": ({"array_0": GOOD, "array_2": GOOD}, "expected the entries"),
    "path as a name": (
        {"array_0": GOOD, "../../array_1": GOOD},
        r"expected the entries .*\.\./\.\./array_1",
    ),
    "absolute path": ({"/etc/array_0": GOOD}, "expected the entries"),
    "wrong JSON": ({"structure": '{"array": 0', "array_0": GOOD}, "JSONDecodeError"),
    "no JSON": ({"structure": b"\x80\x04", "array_0": GOOD}, "UnicodeDecodeError"),
    "unknown part": ({"structure": '{"set": []}'}, "unknown or repeated part"),
    "two parts": (
        {"structure": '{"array": 0, "tuple": []}', "array_0": GOOD},
        "unknown or repeated part",
    ),
    "part of a wrong kind": ({"structure": '{"tuple": 3}'}, "unknown or repeated"),
    "key of a wrong kind": ({"structure": '{"dict": [[1.5, 2]]}'}, "expected keys of"),
    "pair of three": ({"structure": '{"dict": [[1, 2, 3]]}'}, "too many values"),
    "nesting without end": ({"structure": "[" * 10**5}, "RecursionError"),
    "scalar that is an array": (
        {"structure": '{"scalar": 0}', "array_0": GOOD},
        "unknown or repeated part",
    ),
    "object array": (
        {"array_0": npy_bytes(np.array([{}]), allow_pickle=True)},
        "expected numbers or booleans, got object",
    ),
    "pickle": ({"array_0": pickle.dumps(len)}, "magic string is not correct"),
    "text array": ({"array_0": npy_bytes(np.array(["a"]))}, "numbers or booleans"),
    "later version": (
        {"array_0": npy_bytes(np.arange(2.0), version=(2, 0))},
        "expected version 1.0",
    ),
    "too little data": ({"array_0": GOOD[:-1]}, "declares .2,. float64, but has 15"),
    "too much data": ({"array_0": GOOD + b"a"}, "declares .2,. float64, but has 17"),
    "huge declared size": (
        {"array_0": npy_declaring((2**40, 2**20), data=bytes(16))},
        "declares",
    ),
    "negative sizes": (
        {"array_0": npy_declaring((-1, -2), data=bytes(16))},
        "declares",
    ),
    "header that is not Python": (
        {"array_0": b"\x93NUMPY\x01\x00\x08\x00((((((((" + bytes(16)},
        "TokenError",
    ),
    "compressed": (
        {"array_0": GOOD, "compression": zipfile.ZIP_DEFLATED},
        "expected uncompressed entries",
    ),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_foreign_archives_are_refused_by_name_and_fault(tmp_path, case):
    content, fault = FOREIGN[case]
    archive(tmp_path / "x.npz", **content)
    with pytest.raises(ValueError, match=fault) as error:
        load(tmp_path / "x.npz")
    assert str(error.value).startswith(f"{tmp_path / 'x.npz'} was not written by save")


def test_the_foreign_archives_are_wrong_only_where_they_say(tmp_path):
    archive(tmp_path / "x", array_0=GOOD)
    np.testing.assert_array_equal(load(tmp_path / "x"), [0.0, 1.0])


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip file", pickle.dumps({})])
def test_files_that_are_no_archive_are_refused(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ValueError, match="x was not written by save: BadZipFile"):
        load(tmp_path / "x")


def test_every_truncation_is_refused(tmp_path):
    save({"weight": np.arange(3.0), "step": 1}, tmp_path / "x")
    content = (tmp_path / "x").read_bytes()
    for length in range(len(content)):
        (tmp_path / "x").write_bytes(content[:length])
        with pytest.raises(ValueError, match="was not written by save"):
            load(tmp_path / "x")


@given(data=st.data())
def test_a_changed_byte_is_refused_or_does_not_matter(scratch, data):
    save(training_state(), scratch)
    content = bytearray(scratch.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    scratch.write_bytes(content)
    try:
        loaded = load(scratch)
    except ValueError as error:
        assert "was not written by save" in str(error)
    else:
        assert same(loaded, training_state())


def test_a_pickle_is_never_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "run"), "w"))

    entry = npy_bytes(np.array([Bomb()], dtype=object), allow_pickle=True)
    archive(tmp_path / "x", array_0=entry)
    with pytest.raises(ValueError, match="expected numbers or booleans"):
        load(tmp_path / "x")
    assert not (tmp_path / "run").exists()


def lying(path, **lies):
    """Declare other sizes than the entry has, in the archive's directory."""
    archive(path, array_0=GOOD)
    with zipfile.ZipFile(path, "a") as file:
        for field, value in lies.items():
            setattr(file.getinfo("array_0.npy"), field, value)
        file.comment = b"written anew"


@pytest.mark.parametrize(
    ("lies", "fault"),
    [
        ({"file_size": 2**40, "compress_size": 2**40}, "declare more than the file's"),
        ({"file_size": 2**40}, "expected entries as long uncompressed as"),
    ],
)
def test_declared_sizes_are_not_believed(tmp_path, lies, fault):
    lying(tmp_path / "x", **lies)
    with pytest.raises(ValueError, match=fault):
        load(tmp_path / "x")


def test_a_zip_bomb_takes_no_memory(tmp_path):
    bomb = npy_bytes(np.zeros(1 << 23))
    archive(tmp_path / "x", compression=zipfile.ZIP_DEFLATED, array_0=bomb)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="expected uncompressed entries"):
            load(tmp_path / "x")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none")


def test_the_structure_is_plain_json(tmp_path):
    save({"lr": 0.1, "betas": (0.9, 0.999), 0: [np.ones(2), None]}, tmp_path / "x")
    with zipfile.ZipFile(tmp_path / "x") as file:
        structure = json.loads(file.read("structure.json"))
    assert structure == {
        "dict": [
            ["lr", 0.1],
            ["betas", {"tuple": [0.9, 0.999]}],
            [0, [{"array": 0}, None]],
        ]
    }


def test_who_may_read_a_file_stays_as_it_was(tmp_path):
    file = tmp_path / "x"
    save(1, file)
    file.chmod(0o600)
    save(2, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert load(file) == 2


def test_a_link_stays_one(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real" / "x")
    for value in (1, 2):
        save(value, tmp_path / "link")
        assert (tmp_path / "link").is_symlink()
        assert load(tmp_path / "real" / "x") == value
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "real"]


@pytest.mark.parametrize("kind", ["folder", "fifo", "empty name"])
def test_what_is_no_file_is_not_replaced(tmp_path, kind, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = "" if kind == "empty name" else "x"
    if kind == "folder":
        Path(path).mkdir()
    if kind == "fifo":
        os.mkfifo(path)
    before = Path(path).stat().st_ino
    with pytest.raises(FileExistsError, match="expected a file to write to"):
        save(1, path)
    assert Path(path).stat().st_ino == before
    assert len(list(tmp_path.iterdir())) == (kind != "empty name")


def test_a_foreign_archive_is_not_listed_at_length(tmp_path):
    archive(tmp_path / "x", **{f"{'long' * 50}{n}": b"" for n in range(100)})
    with pytest.raises(ValueError, match="expected the entries") as refused:
        load(tmp_path / "x")
    assert len(str(refused.value)) < 500
