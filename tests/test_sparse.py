"""The sparse form: what is read is what was written, and a stranger needs no code of ours."""

from __future__ import annotations

import json

import numpy as np
import pytest

from conftest import make_network
from prune import PruneError
from prune.core.network import Layer, arrays, logits
from prune.files import places, sparse, weights

SHARES = [0, 0.001, 0.01, 0.1, 0.5, 0.99, 1]


def thinned(rng, share, bias=True):
    """Return a network that keeps `share` of its weights, at random."""
    return tuple(
        layer._replace(kernel=np.where(rng.random(layer.kernel.shape) < share, layer.kernel, 0))
        for layer in make_network(rng, [60, 50, 40, 3], bias=bias)
    )


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("share", SHARES)
def test_read_is_what_was_written(rng, share, bias):
    network = thinned(rng, share, bias)
    found = sparse.from_bytes(sparse.to_bytes(network))
    assert [layer[0] for layer in found] == [layer[0] for layer in network]
    for ours, theirs in zip(arrays(found), arrays(network), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "places", [[], [0], [254], [255], [256], [510], [511], [1023], [0, 1, 600], list(range(1024))]
)
def test_every_gap_is_coded(places):
    kernel = np.zeros((2, 512), np.float32)
    kernel.flat[places] = np.arange(1, len(places) + 1)
    network = (Layer("dense", kernel, None, "softmax"),)
    content = sparse.to_bytes(network)
    np.testing.assert_array_equal(sparse.from_bytes(content)[0].kernel, kernel)
    assert sparse.size(network) == len(content)


def forms(network):
    with np.load(io_of(sparse.to_bytes(network))) as archive:
        return [each["form"] for each in json.loads(archive["layers"].tobytes())]


def io_of(content):
    import io

    return io.BytesIO(content)


def test_each_layer_is_in_its_shortest_form(rng):
    by_share = {share: forms(thinned(rng, share))[0] for share in (1, 0.5, 0.01)}
    assert by_share == {1: "dense", 0.5: "bitmap", 0.01: "gaps"}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("share", SHARES)
def test_the_size_is_told_without_writing(rng, share, bias):
    network = thinned(rng, share, bias)
    assert sparse.size(network) == len(sparse.to_bytes(network))


def test_the_size_is_told_of_layers_of_every_shape():
    for shape in [(1, 1), (1, 7), (3, 0), (784, 1000), (12345, 10)]:
        for value in (0, 1):
            network = (Layer("dense", np.full(shape, value, np.float32), None, "softmax"),)
            assert sparse.size(network) == len(sparse.to_bytes(network))


def test_half_precision_halves_the_values(rng):
    network = thinned(rng, 1)
    whole, half = sparse.to_bytes(network), sparse.to_bytes(network, half=True)
    stored = 4 * sum(array.size for array in arrays(network))
    assert len(whole) - len(half) == stored / 2
    for ours, theirs in zip(arrays(sparse.from_bytes(half)), arrays(network), strict=True):
        np.testing.assert_array_equal(ours, theirs.astype(np.float16).astype(np.float32))


def test_the_same_network_gives_the_same_bytes(rng):
    network = thinned(rng, 0.1)
    assert sparse.to_bytes(network) == sparse.to_bytes(network)


def test_a_stranger_reads_it_with_numpy_alone(rng, tmp_path):
    """The reader in the docs, as it stands there."""
    text = (places.shipped().parents[1] / "docs" / "sparse.md").read_text()
    code = text.split("```python\n")[1].split("```")[0]
    assert len(code.splitlines()) <= 30
    space = {}
    exec(code, space)
    for share in SHARES:
        network = thinned(rng, share)
        weights.save(network, tmp_path / "a.npz")
        images = rng.random((9, 60)).astype(np.float32)
        outputs = images
        for layer in space["read"](tmp_path / "a.npz"):
            outputs = outputs @ layer["kernel"] + layer["bias"]
            if layer["activation"] == "relu":
                outputs = np.maximum(outputs, 0)
        np.testing.assert_allclose(outputs, logits(network, images), rtol=1e-4, atol=1e-4)


def rewritten(path, network, **changes):
    with np.load(io_of(sparse.to_bytes(network))) as archive:
        members = {name: archive[name] for name in archive.files}
    np.savez(path, **{**members, **changes})
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": np.frombuffer(b"{", np.uint8)}, "broken sparse file"),
        ({"0.gaps": np.zeros(3, np.uint8)}, "0.values holds 22 numbers, not 3"),
        ({"0.gaps": np.full(22, 254, np.uint8)}, "has gaps that do not add up to 3,000 weights"),
        ({"0.values": np.zeros(3, np.float32)}, "broken sparse file"),
        ({"0.bias": np.zeros(3, np.float32)}, "0.bias holds 3 numbers, not 50"),
        ({"0.values": np.array([None])}, "0.values holds object, not plain numbers"),
    ],
)
def test_a_broken_file_is_named(rng, tmp_path, changes, message):
    path = rewritten(tmp_path / "a.npz", thinned(rng, 0.01), **changes)
    with pytest.raises(PruneError, match=message):
        weights.load(path)


def test_a_declared_size_that_is_not_stored_is_refused(rng, tmp_path):
    network = thinned(rng, 0.01)
    with np.load(io_of(sparse.to_bytes(network))) as archive:
        told = json.loads(archive["layers"].tobytes())
    for inputs, message in ((2**20, "has gaps that do not add up to"), (2**40, "are not read")):
        told[0]["inputs"] = inputs
        text = np.frombuffer(json.dumps(told).encode(), np.uint8)
        with pytest.raises(PruneError, match=message):
            weights.load(rewritten(tmp_path / "a.npz", network, layers=text))


def test_activations_of_a_sparse_file_are_checked(rng, tmp_path):
    odd = (*thinned(rng, 1)[:2], Layer("x", np.ones((40, 3), np.float32), None, "sigmoid"))
    (tmp_path / "a.npz").write_bytes(sparse.to_bytes(odd))
    with pytest.raises(PruneError, match="output layer 'x' has activation 'sigmoid'"):
        weights.load(tmp_path / "a.npz")
