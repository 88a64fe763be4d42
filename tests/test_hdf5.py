"""Our reader of HDF5 against h5py, which reads the same files by the library of HDF5."""

from __future__ import annotations

import io
import itertools

import h5py
import numpy as np
import pytest

from prune import PruneError
from prune.files.hdf5 import tree

KINDS = [f"{order}f{size}" for order in "<>" for size in (2, 4, 8)]
PACKED = [
    {},
    {"chunks": (2, 3)},
    {"chunks": (7, 5), "compression": 9},
    {"chunks": (3, 4), "compression": 1, "shuffle": True},
    {"chunks": (4, 4), "shuffle": True},
    {"chunks": (2, 2), "maxshape": (None, None), "compression": 4},
    {"chunks": (10, 9), "maxshape": (None, None)},
]


def written(put, **more):
    """Return the bytes of a file that `put` fills."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **more) as file:
        put(file)
    return buffer.getvalue()


@pytest.mark.parametrize("packed", PACKED, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_arrays_are_those_that_h5py_reads(rng, kind, packed):
    values = rng.normal(size=(7, 5)).astype(kind)
    content = written(lambda file: file.create_dataset("a/b", data=values, **packed))
    found = tree.array(tree.root(content), "a/b")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, values.astype(np.float32))


def test_many_blocks_are_found_through_a_tree_of_several_levels(rng):
    values = rng.normal(size=(300, 40)).astype("f")
    content = written(lambda file: file.create_dataset("a", data=values, chunks=(1, 3)))
    np.testing.assert_array_equal(tree.array(tree.root(content), "a"), values)


def test_a_small_array_in_its_header_is_read():
    def put(file):
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((2, 3))
        made = h5py.h5d.create(file.id, b"a", h5py.h5t.IEEE_F32LE, space, dcpl=plist)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(6, dtype="f").reshape(2, 3))

    found = tree.array(tree.root(written(put)), "a")
    np.testing.assert_array_equal(found, [[0, 1, 2], [3, 4, 5]])


# Names beyond ASCII make HDF5 keep many of them in its newer form.
@pytest.mark.parametrize("stem", ["a", "ä" * 20])
@pytest.mark.parametrize("count", [0, 1, 8, 9, 100, 5000])
def test_names_are_those_that_h5py_lists(count, stem):
    def put(file):
        for i in range(count):
            file.create_group(f"{stem}/{stem}{i}")
        file.require_group(stem)

    group = tree.subgroup(tree.root(written(put)), stem)
    assert tree.names(group) == sorted(f"{stem}{i}" for i in range(count))
    assert tree.subgroup(group, f"{stem}{count}") is None
    for i in range(0, count, 99):
        assert tree.subgroup(group, f"{stem}{i}") is not None


@pytest.mark.parametrize("libver", [("earliest", "v108"), ("v108", "v108"), ("latest", "latest")])
def test_newer_forms_of_headers_and_links_are_read(libver):
    def put(file):
        file.attrs["told"] = "yes"
        for i in range(4):
            file[f"layers/x{i}"] = np.full((3, 2), i, "f4")

    root = tree.root(written(put, libver=libver))
    assert tree.text(root, "told") == "yes"
    for i in range(4):
        np.testing.assert_array_equal(tree.array(root, f"layers/x{i}"), np.full((3, 2), i))


TEXTS = [
    "plain",
    "ä\u202e\n",
    "",
    "x" * 70_000,
    np.bytes_(b"fixed"),
    np.array([b"a", b"bcd"]),
    ["one", "two", ""],
    ["n" * i for i in range(200)],
]


@pytest.mark.parametrize("value", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize(("order", "others"), [(False, 3), (True, 3), (True, 200)])
def test_texts_are_those_that_h5py_reads(value, order, others):
    def put(file):
        for i in range(others):
            file.attrs[f"other{i}"] = i
        if isinstance(value, list):
            file.attrs.create("told", value, dtype=h5py.string_dtype())
        else:
            file.attrs["told"] = value

    content = written(put, track_order=order)
    with h5py.File(io.BytesIO(content)) as file:
        expected = np.atleast_1d(file.attrs["told"])
    decoded = [item.decode() if isinstance(item, bytes) else item for item in expected]
    root = tree.root(content)
    assert tree.texts(root, "told") == decoded
    assert tree.texts(root, "none") is None and tree.text(root, "none") is None


def test_a_list_of_no_names_is_empty_whatever_it_is_a_list_of():
    def put(file):
        file.attrs["told"] = np.array([])

    assert tree.texts(tree.root(written(put)), "told") == []


@pytest.mark.parametrize("count", range(1, 40, 3))
def test_every_truncation_is_a_refusal(count):
    values = np.ones((4, 3), "f")
    content = written(lambda file: file.create_dataset("a", data=values, chunks=(2, 2)))
    cut = content[: len(content) * count // 40]
    with pytest.raises(PruneError, match="truncated HDF5 file"):
        tree.array(tree.root(cut), "a")


def test_what_is_no_group_or_array_is_named():
    def put(file):
        file["a/b"] = np.ones((2, 2), "f")

    root = tree.root(written(put))
    for path, message in {
        "a": "has /a where a data set belongs",
        "a/b/c": "has /a/b where a group belongs",
        "a/x": "has no data set a/x",
        "x/y": "has no data set x/y",
        "a//b": "has the path 'a//b'",
    }.items():
        with pytest.raises(PruneError, match=message):
            tree.array(root, path)


def test_a_file_of_many_models_is_read_as_h5py_reads_it(rng):
    shapes = list(itertools.product((1, 2, 30), (1, 17)))

    def put(file):
        for i, shape in enumerate(shapes):
            file.create_group(f"a/{i}/vars").attrs["name"] = f"layer {i}"
            file[f"a/{i}/vars/0"] = rng.normal(size=shape)

    content = written(put)
    root = tree.root(content)
    with h5py.File(io.BytesIO(content)) as file:
        for i in range(len(shapes)):
            expected = file[f"a/{i}/vars/0"][()].astype("f")
            np.testing.assert_array_equal(tree.array(root, f"a/{i}/vars/0"), expected)
            assert tree.text(tree.subgroup(root, f"a/{i}/vars"), "name") == f"layer {i}"


def test_what_leads_to_the_same_crowd_again_and_again_comes_to_an_end():
    def put(file):
        crowd = file.create_group("a0")
        for i in range(9000):
            crowd.id.links.create_soft(b"%d" % i, b"/x")
        for i in range(1, 200):
            file[f"a{i}"] = crowd

    root = tree.root(written(put))
    assert tree.subgroup(root, "a0") is not None
    with pytest.raises(PruneError, match="it takes more than 1,000,000 steps to read"):
        for i in range(200):
            tree.subgroup(root, f"a{i}")
