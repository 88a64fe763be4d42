"""Files to and from networks, recognised by content."""

from __future__ import annotations

import io
import json
import zipfile

import h5py
import numpy as np
import pytest

from conftest import make_network
from prune import PruneError
from prune.core.network import arrays
from prune.files import places, weights
from prune.files.keras_config import describe

NAMES = ["a.weights.h5", "a.h5", "a.hdf5", "a.keras"]


def same(first, second):
    return [layer.activation for layer in first] == [layer.activation for layer in second] and all(
        np.array_equal(a, b) for a, b in zip(arrays(first), arrays(second), strict=True)
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bias", [True, False])
def test_saved_then_loaded_is_the_same_network(tmp_path, rng, name, bias):
    network = make_network(rng, [6, 5, 4, 3], "leaky_relu(0.3)", bias, "linear")
    weights.save(network, tmp_path / name)
    found = weights.load(tmp_path / name)
    assert same(found.network, network)
    assert found.assumed == ""


@pytest.mark.parametrize("name", NAMES)
def test_the_same_network_gives_the_same_bytes(tmp_path, network, name):
    write = weights.writer(tmp_path / name)
    assert write(network) == write(network)


def test_the_name_says_nothing_about_the_content(tmp_path, network):
    weights.save(network, tmp_path / "a.keras")
    (tmp_path / "a.keras").rename(tmp_path / "a.weights.h5")
    assert weights.load(tmp_path / "a.weights.h5").format == "keras"


def keras3_file(path, layers, **attributes):
    """A weights-only file as Keras 3 writes it: `layers` are (name of the group, arrays)."""
    with h5py.File(path, "w") as file:
        for name, values in layers:
            group = file.create_group(f"layers/{name}/vars")
            group.attrs.update(attributes)
            for i, value in enumerate(values):
                group[str(i)] = value
    return path


def test_layers_are_ordered_by_number_and_not_by_name(tmp_path, rng):
    sizes = list(range(3, 16))
    network = make_network(rng, sizes, bias=False)
    path = keras3_file(tmp_path / "w.h5", [(layer.name, [layer.kernel]) for layer in network])
    found = weights.load(path)
    assert [layer.kernel.shape[1] for layer in found.network] == sizes[1:]
    assert found.assumed == "relu"


def test_a_file_that_does_not_tell_takes_the_activation_given(tmp_path):
    layers = [("dense", [np.ones((3, 2))]), ("dense_1", [np.ones((2, 2))])]
    found = weights.load(keras3_file(tmp_path / "w.h5", layers), "tanh")
    assert [layer.activation for layer in found.network] == ["tanh", "softmax"]
    assert found.assumed == "tanh"


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_other_floats_become_float32(tmp_path, kind):
    path = keras3_file(tmp_path / "w.h5", [("dense", [np.full((3, 2), 0.5, kind)])])
    kernel = weights.load(path).network[0].kernel
    assert kernel.dtype == np.float32 and (kernel == 0.5).all()


def test_a_compressed_file_with_optimizer_state_loads(tmp_path):
    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "layers/dense/vars/0", data=np.ones((30, 20), "f"), compression="gzip", shuffle=True
        )
        file["optimizer/vars/0"] = 7
    assert weights.load(path).network[0].kernel.shape == (30, 20)


def with_value(value):
    kernel = np.ones((3, 2), "f")
    kernel[0, 0] = kernel[1, 1] = value
    return [("dense", [kernel])]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([("dense", [np.ones((3, 2))]), ("dense_1", [np.ones((5, 2))])], "do not chain: 'dense' "),
        ([("conv2d", [np.ones((3, 3, 1, 2))])], "has a layer 'conv2d'"),
        ([("dense", [np.ones((3, 3, 2))])], "not \\(inputs, units\\)"),
        ([("dense", [np.ones((3, 2)), np.ones(3)])], "2 units but a bias of shape \\(3,\\)"),
        ([("dense", [])], "does not hold a kernel"),
        ([("dense", [np.ones((3, 2), int)])], "holds whole numbers; weights are float16"),
        (with_value(np.nan), "'dense' has 2 weights in its kernel that are NaN or infinite"),
        (with_value(np.inf), "'dense' has 2 weights in its kernel that are NaN or infinite"),
        ([("flatten", [])], "holds no Dense layer"),
    ],
)
def test_what_cannot_be_evaluated_is_named(tmp_path, layers, message):
    path = keras3_file(tmp_path / "w.h5", layers)
    with pytest.raises(PruneError, match=message) as caught:
        weights.load(path)
    assert str(path) in str(caught.value)


def test_links_are_not_followed(tmp_path):
    path = keras3_file(tmp_path / "w.h5", [("dense", [])])
    keras3_file(tmp_path / "other.h5", [("dense", [np.ones((3, 2))])])
    with h5py.File(path, "a") as file:
        file["layers/dense/vars/0"] = h5py.ExternalLink("other.h5", "layers/dense/vars/0")
    with pytest.raises(PruneError, match="links are not followed"):
        weights.load(path)


def test_a_shape_that_the_file_cannot_hold_is_refused_unread(tmp_path):
    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/dense/vars/0", (2**20, 2**20), "f4")
    with pytest.raises(PruneError, match="of shape .1048576, 1048576. was never written"):
        weights.load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"hello", "is not a Keras file \\(it starts with b'hello'\\)"),
        (b"\x89HDF\r\n\x1a\n" + b"\xff" * 100, "broken or truncated HDF5"),
        (b"PK\x03\x04junk", "is a truncated archive"),
    ],
)
def test_foreign_files_are_named(tmp_path, content, message):
    path = tmp_path / "w.h5"
    path.write_bytes(content)
    with pytest.raises(PruneError, match=message):
        weights.load(path)


@pytest.mark.parametrize("name", ["a.h5", "a.keras"])
def test_a_truncated_file_is_refused_at_every_length(tmp_path, network, name):
    path = tmp_path / name
    whole = weights.writer(path)(network)
    for length in range(1, len(whole), len(whole) // 40):
        path.write_bytes(whole[:length])
        with pytest.raises(PruneError, match="weights "):
            weights.load(path)


def legacy_file(path, layers):
    """A weights-only file as Keras 2 wrote it: `layers` are (name, names of weights, arrays)."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name, *_ in layers]
        for name, names, values in layers:
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{each}:0".encode() for each in names]
            for each, value in zip(names, values):
                group[f"{name}/{each}:0"] = value
    return path


def test_a_legacy_weights_file_is_read_in_the_order_it_lists(tmp_path):
    layers = [
        ("b", ["kernel", "bias"], [np.ones((3, 2)), np.ones(2)]),
        ("dropout", [], []),
        ("a", ["kernel"], [np.ones((2, 4))]),
    ]
    found = weights.load(legacy_file(tmp_path / "w.h5", layers)).network
    assert [(layer.name, layer.kernel.shape) for layer in found] == [("b", (3, 2)), ("a", (2, 4))]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([("e", ["embeddings"], [np.ones((3, 2))])], "'e' holds embeddings, not a kernel"),
        ([("a", ["kernel"], [np.ones((3, 2))]), ("leaky_re_lu", [], [])], "'leaky_re_lu', and a"),
    ],
)
def test_no_layer_of_a_legacy_file_is_passed_over(tmp_path, layers, message):
    with pytest.raises(PruneError, match=message):
        weights.load(legacy_file(tmp_path / "w.h5", layers))


def test_a_listed_layer_that_is_missing_is_named(tmp_path):
    path = legacy_file(tmp_path / "w.h5", [("a", ["kernel"], [np.ones((3, 2))])])
    with h5py.File(path, "a") as file:
        file.attrs["layer_names"] = [b"gone", b"a"]
    with pytest.raises(PruneError, match="lists a layer 'gone' that it does not hold"):
        weights.load(path)


def test_a_name_used_twice_is_refused(tmp_path):
    layers = [("dense", [np.ones((3, 2))]), ("dense_1", [np.ones((2, 2))])]
    with pytest.raises(PruneError, match="uses the layer name 'x' twice"):
        weights.load(keras3_file(tmp_path / "w.h5", layers, name="x"))


def test_soft_links_on_the_way_are_not_followed(tmp_path):
    path = keras3_file(tmp_path / "w.h5", [("other", [np.ones((3, 2))])])
    with h5py.File(path, "a") as file:
        file["layers/dense"] = h5py.SoftLink("/elsewhere")
        file.move("layers/other", "elsewhere")
    with pytest.raises(PruneError, match="links are not followed"):
        weights.load(path)


def test_an_unknown_activation_is_refused_even_where_the_file_tells(tmp_path, network):
    weights.save(network, tmp_path / "a.keras")
    with pytest.raises(PruneError, match="activation 'nonsense' cannot be evaluated"):
        weights.load(tmp_path / "a.keras", "nonsense")


def test_a_corrupted_archive_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps({"a": list(range(500))}))
        archive.writestr("model.weights.h5", b"")
    content = bytearray((tmp_path / "a.keras").read_bytes())
    content[60:80] = b"\xff" * 20
    (tmp_path / "a.keras").write_bytes(content)
    with pytest.raises(PruneError, match="broken or truncated archive"):
        weights.load(tmp_path / "a.keras")


def test_a_folder_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(PruneError, match="is a folder"):
        weights.load(tmp_path)
    with pytest.raises(PruneError, match="no such file; `prune train --save"):
        weights.load(tmp_path / "none.h5")


def test_other_hdf5_files_and_zips_are_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(PruneError, match="not one that Keras wrote"):
        weights.load(tmp_path / "a.h5")
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(PruneError, match="a zip without model.weights.h5"):
        weights.load(tmp_path / "a.keras")


def keras_archive(path, network, config):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("config.json", config)
        archive.writestr("model.weights.h5", weights.writer(path.with_suffix(".h5"))(network))
    path.write_bytes(buffer.getvalue())
    return path


def test_a_configuration_that_does_not_fit_its_weights_is_refused(tmp_path, network):
    config = json.dumps(describe(network[:2] + (network[2]._replace(bias=None),)))
    with pytest.raises(PruneError, match="'dense_2' should hold a kernel alone, got 2 arrays"):
        weights.load(keras_archive(tmp_path / "a.keras", network, config))
    config = json.dumps(describe((network[0]._replace(activation="softmax"),)))
    with pytest.raises(
        PruneError, match="has 1 Dense layers in its configuration, but weights for 3"
    ):
        weights.load(keras_archive(tmp_path / "a.keras", network, config))
    with pytest.raises(PruneError, match="broken model configuration"):
        weights.load(keras_archive(tmp_path / "a.keras", network, "{"))


def test_a_name_that_no_format_has_is_refused_before_any_work(tmp_path):
    with pytest.raises(PruneError, match=r"its name must end in .keras, .h5, .hdf5"):
        weights.writer(tmp_path / "weights.txt")


def test_the_shipped_network_is_the_one_on_its_card():
    path = places.shipped()
    assert weights.load(path).sha256 in (path.parent / "README.md").read_text()
