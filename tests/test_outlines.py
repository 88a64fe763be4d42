"""The layers of a network as the runs record them: every group, every edge, every count."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import zoo
from prune import PruneError
from prune.core import anatomy
from prune.core.outline import Count, Node
from prune.files import outlines
from prune.models import keras_bridge
from prune.models.net import net

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]


def two_branches(keras):
    layers = keras.layers
    image = keras.Input((8, 8, 3), name="image")
    left = layers.Conv2D(6, 3, padding="same", name="left")(image)
    right = layers.Conv2D(4, 5, padding="same", name="right")(image)
    right = layers.Conv2D(5, 3, padding="same", name="deeper")(layers.ReLU()(right))
    both = layers.Concatenate(name="both")([left, right])
    pooled = layers.GlobalAveragePooling2D()(both)
    return keras.Model(image, layers.Dense(3, name="output")(pooled))


def mobile(keras):
    return keras.applications.MobileNetV2((32, 32, 3), weights=None, classes=4, alpha=0.35)


MODELS: dict[str, Callable] = {**zoo.ZOO, "two branches": two_branches, "mobile v2": mobile}


@pytest.mark.parametrize("name", MODELS)
def test_every_group_and_kernel_is_at_a_node_and_every_edge_between_two(keras, name):
    model = net(MODELS[name](keras))
    outline = model.outline()
    names = [node.name for node in outline]
    assert len(set(names)) == len(names)
    assert {each for node in outline for each in node.groups} == set(model.structure.groups)
    kernels = [each for node in outline for each in node.kernels]
    assert sorted(kernels) == sorted(model.structure.kernels)
    assert {each for node in outline for each in node.reads} <= set(names)


def test_edges_follow_the_branches(keras):
    outline = {node.name: node for node in net(two_branches(keras)).outline()}
    assert {name: node.reads for name, node in outline.items()} == {
        "image": (),
        "left": ("image",),
        "right": ("image",),
        "deeper": ("right",),
        "both": ("left", "deeper"),
        "output": ("both",),
    }
    assert outline["both"].kind == "Concatenate"
    assert outline["output"].stays == "an output of the model"
    assert outline["left"].groups == ("left",)


def test_counts_are_those_that_keras_has(keras):
    model = two_branches(keras)
    whole = net(model)
    counts = dict(zip([each.name for each in whole.outline()], whole.counts(whole.outline())))
    assert counts["left"] == Count(6, 6 * 28, 6 * 27, 6 * 27 * 64)
    assert counts["image"] is None and counts["both"] is None
    masks = {"left": np.arange(6) < 2, "right": np.arange(4) < 3}
    smaller = whole.masked(masks).shrunk()
    built = smaller.model()
    for node, count in zip(whole.outline(), smaller.counts(whole.outline())):
        if count is not None:
            layer = built.get_layer(node.name)
            assert count.parameters == layer.count_params()
            assert count.units == layer.get_weights()[0].shape[-1]
            nonzero = sum(int(np.count_nonzero(array)) for array in layer.get_weights())
            assert count.nonzero == nonzero


def test_gates_of_one_unit_are_one_unit(keras):
    layers = keras.layers
    model = keras.Sequential([keras.Input((5, 3)), layers.LSTM(7), layers.Dense(2)])
    whole = net(model)
    assert [count and count.units for count in whole.counts(whole.outline())] == [None, 7, 2]


def test_a_chain_is_drawn_as_the_same_model_in_keras(network, keras):
    chain = anatomy.of(network)
    model = net(keras_bridge.build(network))
    ours, theirs = chain.outline(), model.outline()
    assert [len(node.reads) for node in ours] == [len(node.reads) for node in theirs]
    assert chain.counts(ours)[1:] == model.counts(theirs)[1:]
    assert [bool(node.groups) for node in ours] == [bool(node.groups) for node in theirs]


def test_a_file_holds_what_was_written():
    outline = (Node("in", "input"), Node("<b>", "Dense", ("in",), ("<b>",), ("<b>/kernel",)))
    counts = (None, Count(3, 12, 11, 9))
    text = outlines.to_json(outline, counts, [counts, counts])
    assert outlines.parse(text.encode()) == (outline, counts, (counts, counts))


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.pop("nodes"),
        lambda found: found["nodes"].pop(),
        lambda found: found["nodes"][0].pop("kind"),
        lambda found: found["nodes"][0].update(name=3),
        lambda found: found["nodes"][0].update(reads=[["x"]]),
        lambda found: found.update(whole=[]),
        lambda found: found["left"][0].append(None),
        lambda found: found["left"][0].__setitem__(1, [1, 2, 3]),
        lambda found: found["left"][0].__setitem__(1, [1, 2, 3, "4"]),
        lambda found: found["left"][0].__setitem__(1, [1, 2, 3, -4]),
        lambda found: found["left"].append("abc"),
    ],
)
def test_what_no_run_writes_is_refused(change):
    outline = (Node("in", "input"), Node("dense", "Dense", ("in",)))
    counts = (None, Count(3, 12, 11, 9))
    found = json.loads(outlines.to_json(outline, counts, [counts]))
    change(found)
    with pytest.raises(PruneError, match="is not as prune writes it"):
        outlines.parse(json.dumps(found).encode())


def test_a_run_tells_what_each_point_leaves(prune, tiny, network):
    assert prune("compare", *tiny, "--k", "0,50,100", "--out", "o")[0] == 0
    layers = outlines.parse(Path("o/layers.json").read_bytes())
    rows = json.loads(Path("o/table.json").read_text())
    assert len(rows) == len(layers.left) == 6
    assert [node.name for node in layers.outline] == ["input", *(each.name for each in network)]
    for row, left in zip(rows, layers.left):
        assert row["effective"] == sum(count.nonzero for count in left)
        assert row["macs"] == sum(count.multiply_adds for count in left)
        assert row["dense_bytes"] == 4 * sum(count.parameters for count in left)
    assert sum(count.parameters for count in layers.whole) == rows[0]["parameters"]
