"""Which kernels and groups of a model are pruned: by name, by glob and by kind."""

from __future__ import annotations

import pytest

from prune import PruneError
from prune.models.late import import_keras
from prune.models.net import net
from zoo import ZOO

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]


@pytest.fixture(scope="module")
def nets():
    keras = import_keras()
    keras.utils.clear_session(free_memory=False)
    names = ("mobile", "transfer", "recurrent", "vision transformer")
    return {name: net(ZOO[name](keras)) for name in names}


def pruned(network, method="weight", keep=(), include=(), output=False):
    return set(network.layers(method, keep, output, include))


def kernels(network):
    return set(network.structure.kernels)


@pytest.mark.parametrize("name", ["mobile", "transfer", "recurrent", "vision transformer"])
def test_depthwise_kernels_embeddings_and_outputs_are_left_alone(nets, name):
    network = nets[name]
    alone = {each for each in kernels(network) if "depthwise" in each or "embedding" in each}
    alone |= {each for each, kernel in network.structure.kernels.items() if kernel.output}
    assert len(alone) == (1 if name == "vision transformer" else 2)
    assert pruned(network) == kernels(network) - alone


@pytest.mark.parametrize(
    ("name", "patterns"),
    [
        ("mobile", ["DepthwiseConv2D"]),
        ("mobile", ["depthwise_conv2d*"]),
        ("recurrent", ["Embedding"]),
        ("recurrent", ["embedding"]),
        ("recurrent", ["embedding/embeddings"]),
    ],
)
def test_they_are_pruned_if_they_are_included(nets, name, patterns):
    network = nets[name]
    outputs = {each for each, kernel in network.structure.kernels.items() if kernel.output}
    assert pruned(network, include=patterns) == kernels(network) - outputs
    assert pruned(network, include=patterns, output=True) == kernels(network)


@pytest.mark.parametrize(
    ("name", "patterns", "kept"),
    [
        ("mobile", ["Conv2D"], "conv2d"),
        ("mobile", ["conv2d_*", "conv2d"], "conv2d"),
        ("transfer", ["backbone"], "backbone/"),
        ("transfer", ["Functional"], "backbone/"),
        ("vision transformer", ["MultiHeadAttention"], "multi_head_attention"),
        ("vision transformer", ["multi_head_attention*"], "multi_head_attention"),
        ("recurrent", ["LSTM"], "lstm"),
        ("recurrent", ["Bidirectional"], "bidirectional/"),
    ],
)
def test_a_layer_is_kept_with_all_that_is_within(nets, name, patterns, kept):
    network = nets[name]
    gone = pruned(network) - pruned(network, keep=patterns)
    assert gone
    assert gone <= {each for each in kernels(network) if kept in each}
    if kept != "lstm":  # of which one is within another layer too
        assert gone == {each for each in pruned(network) if each.startswith(kept)}


def test_a_group_is_kept_with_any_layer_that_makes_its_units(nets):
    network = nets["mobile"]
    tied = next(group for group in network.structure.groups.values() if len(group.layers) > 1)
    for layer in tied.layers:
        left = pruned(network, "unit", keep=[layer])
        assert len(left) == len(network.structure.groups) - 1
    heads = {name for name in nets["vision transformer"].structure.groups if "attention" in name}
    whole = pruned(nets["vision transformer"], "unit")
    assert whole - pruned(nets["vision transformer"], "unit", keep=["MultiHeadAttention"]) == heads


def test_what_is_not_there_is_named_with_what_may_be_meant(nets):
    with pytest.raises(PruneError, match=r"no layer 'Conv3D' to keep \(did you mean Conv2D\?\)"):
        pruned(nets["mobile"], keep=["Conv3D"])
    with pytest.raises(PruneError, match="no layer 'embeding' to include"):
        pruned(nets["mobile"], include=["embeding"])
