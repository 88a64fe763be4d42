"""Data sets: every layout read, everything wrong named."""

from __future__ import annotations

import gzip
import hashlib
import struct
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from prune import EnvironmentFailure, PruneError
from prune.files import data

# Of the raw bytes of the arrays of the canonical MNIST.
MNIST_SHA256 = {
    "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}


def test_the_embedded_mnist_is_the_canonical_one():
    with np.load(data.MNIST) as archive:
        found = {name: hashlib.sha256(archive[name]).hexdigest() for name in archive.files}
    assert found == MNIST_SHA256


def test_mnist_is_scaled_to_0_to_1():
    found = data.load("mnist", "test")
    assert found.inputs.shape == (10_000, 28, 28) and found.images.dtype == np.float32
    assert found.images.shape == (10_000, 784)
    assert (found.images.min(), found.images.max()) == (0, 1)
    assert np.bincount(found.labels).size == 10


def test_a_limit_takes_the_first_and_keeps_the_sum(tiny_data):
    whole, few = data.load(str(tiny_data), "test"), data.load(str(tiny_data), "test", 5)
    np.testing.assert_array_equal(few.images, whole.images[:5])
    np.testing.assert_array_equal(few.labels, whole.labels[:5])
    assert few.sha256 == whole.sha256


def idx(values):
    header = struct.pack(f">I{values.ndim}I", 0x0800 + values.ndim, *values.shape)
    return header + values.tobytes()


def idx_folder(folder, images, labels, pack=lambda content: content, end=""):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"t10k-images-idx3-ubyte{end}").write_bytes(pack(idx(images)))
    (folder / f"t10k-labels-idx1-ubyte{end}").write_bytes(pack(idx(labels)))
    return folder


@pytest.mark.parametrize(("pack", "end"), [(bytes, ""), (gzip.compress, ".gz")])
def test_idx_folders_hold_the_same_as_npz(tmp_path, tiny_data, pack, end):
    with np.load(tiny_data) as archive:
        folder = idx_folder(tmp_path / "idx", archive["x_test"], archive["y_test"], pack, end)
    from_npz, from_idx = data.load(str(tiny_data), "test"), data.load(str(folder), "test")
    np.testing.assert_array_equal(from_idx.images, from_npz.images)
    np.testing.assert_array_equal(from_idx.labels, from_npz.labels)


X, Y = np.zeros((4, 2, 3), np.uint8), np.zeros(4, np.uint8)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x_test": X}, "has no y_test; it holds x_test"),
        ({}, "has no x_test and no y_test; it holds nothing"),
        ({"x_test": X, "y_test": Y[:3]}, "there are 4 test images but 3 labels"),
        ({"x_test": X[:0], "y_test": Y[:0]}, "there are no test images"),
        ({"x_test": X[:, 0, 0], "y_test": Y}, "images are uint8 of shape \\(4,\\)"),
        ({"x_test": X.astype("U1"), "y_test": Y}, "x_test holds <U1, not plain numbers"),
        ({"x_test": X, "y_test": Y + np.nan}, "labels hold numbers that are not finite"),
        ({"x_test": X, "y_test": Y.astype("U1")}, "y_test holds <U1, not plain numbers"),
        ({"x_test": X, "x_test.a": X, "y_test": Y}, "holds both x_test and x_test.a; keep one"),
        ({"x_test.a": X, "x_test.b": X[:3], "y_test": Y}, "are 4 and 3 test images but 4 labels"),
        ({"x_test": X * np.nan, "y_test": Y}, "test pixels go from nan to nan"),
        ({"x_test": X - np.inf, "y_test": Y}, "test pixels go from -inf to -inf"),
        ({"x_test": X + 1e300, "y_test": Y}, "test pixels go from 1e\\+300 to 1e\\+300; finite"),
        (
            {"x_test": X.astype(int) - 1, "y_test": Y},
            "test images hold whole numbers from -1 to -1, not from 0 to 255; give --scale none",
        ),
        ({"x_test": X + np.int16(256), "y_test": Y}, "whole numbers from 256 to 256"),
        ({"x_test": X.astype(object), "y_test": Y}, "x_test holds object, not plain numbers"),
    ],
)
def test_wrong_arrays_are_named(tmp_path, arrays, message):
    path = tmp_path / "d.npz"
    np.savez(path, **arrays)
    with pytest.raises(PruneError, match=message) as caught:
        data.load(str(path), "test")
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            Y + 0.5,
            "labels are float64 of shape \\(4,\\); whole numbers of shape \\(n,\\) are needed",
        ),
        (np.zeros((4, 10), int), "labels are int64 of shape \\(4, 10\\)"),
        (Y.astype(int) - 1, "labels go from -1 to -1; they count from 0"),
        (np.full(4, 2**64 - 1, np.uint64), "labels go from 18446744073709551615"),
    ],
)
def test_what_are_no_labels_is_refused_where_labels_are_needed(tmp_path, labels, message):
    path = tmp_path / "d.npz"
    np.savez(path, x_test=X, y_test=labels)
    with pytest.raises(PruneError, match=message) as caught:
        data.refuse_unlabelled(data.load(str(path), "test"), str(path))
    assert str(path) in str(caught.value)


def test_labels_in_a_column_are_taken(tmp_path):
    np.savez(tmp_path / "d.npz", x_test=X, y_test=Y[:, None])
    assert data.load(str(tmp_path / "d.npz"), "test").labels.shape == (4,)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a readable .npz"),
        (b"PK\x03\x04", "is a truncated archive"),
        (b"hello", "not a readable .npz"),
    ],
)
def test_a_broken_npz_is_named(tmp_path, content, message):
    (tmp_path / "d.npz").write_bytes(content)
    with pytest.raises(PruneError, match=message):
        data.load(str(tmp_path / "d.npz"), "test")


def test_a_single_array_is_no_data_set(tmp_path):
    np.save(tmp_path / "d.npy", X)
    with pytest.raises(PruneError, match="is a single array"):
        data.load(str(tmp_path / "d.npy"), "test")


def test_a_missing_file_says_what_could_be_given():
    with pytest.raises(PruneError, match="no such file or folder; give mnist or fashion-mnist"):
        data.load("nowhere.npz", "test")


def test_broken_idx_files_are_named(tmp_path):
    with pytest.raises(PruneError, match="the folder has no t10k-images-idx3-ubyte or"):
        data.load(str(tmp_path), "test")
    folder = idx_folder(tmp_path, X, Y, lambda content: content[:-1])
    with pytest.raises(PruneError, match=r"declares shape \(4, 2, 3\), but holds 23 bytes"):
        data.load(str(folder), "test")
    idx_folder(tmp_path, X, X)
    with pytest.raises(PruneError, match="labels-idx1-ubyte is not an IDX file of 1-dim"):
        data.load(str(folder), "test")


def corrupted(content):
    """Spoil the middle of a file, where nothing but a compressed stream stands."""
    middle = len(content) // 2
    return content[:middle] + b"\xff" * 20 + content[middle + 20 :]


def test_corrupted_compression_is_named(tmp_path, rng):
    images, labels = rng.integers(0, 9, (200, 4, 4), dtype=np.uint8), np.zeros(200, np.uint8)
    folder = idx_folder(tmp_path / "idx", images, labels, gzip.compress, ".gz")
    path = folder / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(corrupted(path.read_bytes()))
    with pytest.raises(PruneError, match="t10k-images-idx3-ubyte.gz cannot be read"):
        data.load(str(folder), "test")
    np.savez_compressed(tmp_path / "c.npz", x_test=images, y_test=labels)
    (tmp_path / "c.npz").write_bytes(corrupted((tmp_path / "c.npz").read_bytes()))
    with pytest.raises(PruneError, match="is a broken or truncated archive"):
        data.load(str(tmp_path / "c.npz"), "test")


def test_a_broken_gzip_is_named(tmp_path):
    folder = idx_folder(tmp_path, X, Y, lambda content: gzip.compress(content)[:-9], ".gz")
    with pytest.raises(PruneError, match=r"ubyte.gz does not unpack to the 40 bytes it declares"):
        data.load(str(folder), "test")


def test_data_must_fit_the_network(network):
    found = data.Data(np.zeros((4, 6)), np.array([0, 2, 1, 0]), 3, "")
    data.fitted(found, network, "tiny")
    with pytest.raises(
        PruneError, match=r"tiny: test images have shape \(6,\), but .* takes \(5,\)"
    ):
        data.fitted(found, network[1:], "tiny")
    wrong = found._replace(classes=4, split="train")
    with pytest.raises(PruneError, match=r"train labels go up to 3, but the network has 3 outputs"):
        data.fitted(wrong, network, "tiny")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path):
    """A web server on this machine, of the folder `served`; yields its address."""
    (tmp_path / "served").mkdir()
    handler = partial(Quiet, directory=str(tmp_path / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


def test_a_download_is_kept_only_if_it_is_the_right_one(tmp_path, server):
    (tmp_path / "served" / "f.gz").write_bytes(b"right")
    right = hashlib.md5(b"right").hexdigest()
    data._download(f"{server}/f.gz", right, tmp_path / "f.gz")
    assert (tmp_path / "f.gz").read_bytes() == b"right"
    with pytest.raises(OSError, match="is not g.gz"):
        data._download(f"{server}/f.gz", "0" * 32, tmp_path / "g.gz")
    assert not (tmp_path / "g.gz").exists()


def test_fashion_mnist_is_found_in_the_cache_of_keras(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    folder = idx_folder(tmp_path / "datasets" / "fashion-mnist", X, Y, gzip.compress, ".gz")
    for kind in ("images-idx3", "labels-idx1"):
        (folder / f"train-{kind}-ubyte.gz").touch()
    assert data.load("fashion-mnist", "test").images.shape == (4, 6)


def test_fashion_mnist_out_of_reach_says_what_to_do(tmp_path, monkeypatch, server):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(data, "_FASHION_MNIST_ADDRESS", server)
    monkeypatch.setattr(data, "_DEBIAN", tmp_path)
    with pytest.raises(EnvironmentFailure, match="the download failed .*--data FOLDER"):
        data.load("fashion-mnist", "test")


def test_a_broken_training_split_is_called_by_its_name(tmp_path):
    np.savez(tmp_path / "d.npz", x_test=X, y_test=Y, x_train=X, y_train=Y[:3])
    data.load(str(tmp_path / "d.npz"), "test")
    with pytest.raises(PruneError, match="there are 4 train images but 3 labels"):
        data.load(str(tmp_path / "d.npz"), "train")


BYTES = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
STANDARDISED = (BYTES - 11.5) / 6.9


@pytest.mark.parametrize(
    ("stored", "scale", "divisor"),
    [
        (BYTES, "auto", 255),
        (BYTES, "255", 255),
        (BYTES, "none", 1),
        (BYTES.astype(np.int64), "auto", 255),
        (BYTES.astype(np.int64) - 20, "none", 1),
        (STANDARDISED, "auto", 1),
        (STANDARDISED.astype(np.float32) * 1e6, "none", 1),
        (BYTES.astype(float), "auto", 1),
        (BYTES.astype(float), "255", 255),
    ],
)
def test_images_are_divided_as_asked_or_else_whole_numbers_alone(tmp_path, stored, scale, divisor):
    np.savez(tmp_path / "d.npz", x_test=stored, y_test=Y)
    found = data.load(str(tmp_path / "d.npz"), "test", scale=scale)
    assert (found.stored, found.scale.divisor) == (str(stored.dtype), divisor)
    expected = stored.reshape(4, 6).astype(np.float64) / divisor
    np.testing.assert_allclose(found.images, expected, rtol=1e-6)
    assert found.images.dtype == np.float32
