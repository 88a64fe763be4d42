"""Points of trained models against plain Keras, and the two engines against each other."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

from chains import WITH_BIAS, chain
from prune.core import anatomy, judge, pruning, scopes
from prune.core.calibration import Calibration
from prune.core.plan import Plan
from prune.experiments.engines import numpy_engine
from prune.files import data
from prune.models import keras_bridge, running
from prune.models.net import net

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]

KS = (Fraction(0), Fraction(1, 2), Fraction(9, 10))


def normalised(keras):
    """Convolutions with normalisation behind each."""
    layers = keras.layers
    x = images = keras.Input((28, 28, 1))
    for name, units in (("a", 8), ("b", 12)):
        x = layers.Conv2D(units, 3, strides=2, use_bias=False, name=name)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.8, name=f"{name}_norm")(x))
    output = layers.Dense(10, activation="softmax", name="output")
    return keras.Model(images, output(layers.GlobalAveragePooling2D()(x)))


def added(keras):
    """A branch added to what it began with."""
    layers = keras.layers
    images = keras.Input((28, 28, 1))
    x = layers.Conv2D(8, 5, strides=3, activation="relu", name="a")(images)
    y = layers.Conv2D(8, 3, padding="same", activation="relu", name="b")(x)
    x = layers.ReLU()(layers.Add()([x, layers.Conv2D(8, 3, padding="same", name="c")(y)]))
    return keras.Model(images, layers.Dense(10, name="output")(layers.Flatten()(x)))


def depthwise(keras):
    """A depthwise kernel between two others."""
    layers = keras.layers
    images = keras.Input((28, 28, 1))
    x = layers.Conv2D(8, 5, strides=3, activation="relu", name="a")(images)
    x = layers.DepthwiseConv2D(3, activation="relu", name="each")(x)
    x = layers.Conv2D(12, 1, activation="relu", name="b")(x)
    return keras.Model(images, layers.Dense(10, name="output")(layers.Flatten()(x)))


def joined(keras):
    """Two branches side by side."""
    layers = keras.layers
    images = keras.Input((28, 28, 1))
    parts = [
        layers.Conv2D(6, 5, strides=3, padding="same", activation="relu", name="a")(images),
        layers.Conv2D(5, 3, strides=3, padding="same", activation="relu", name="b")(images),
    ]
    x = layers.Conv2D(10, 3, activation="relu", name="c")(layers.Concatenate()(parts))
    return keras.Model(images, layers.Dense(10, name="output")(layers.Flatten()(x)))


# Of each: what makes the units of a group, and what else holds an array along them.
GROUPS = {
    normalised: {"a": ["a"], "b": ["b"]},
    added: {"a": ["a", "c"], "b": ["b"]},
    depthwise: {"a": ["a"], "b": ["b"]},
    joined: {"a": ["a"], "b": ["b"], "c": ["c"]},
}
ALONG = {normalised: {"a": "a_norm", "b": "b_norm"}, depthwise: {"a": "each"}}


def trained(keras, build):
    keras.utils.set_random_seed(0)
    model = build(keras)
    train = data.load("mnist", "train", 2000)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=build is not normalised)
    model.compile(keras.optimizers.Adam(0.005), loss)
    model.fit(train.images.reshape(-1, 28, 28, 1), train.labels, epochs=4, verbose=0)
    return model


def smallest(scores, k):
    """Tell the k percent of smallest scores, the first of equal ones first."""
    mask = np.zeros(scores.size, bool)
    mask[np.argsort(scores, axis=None, kind="stable")[: k * scores.size // 100]] = True
    return mask.reshape(scores.shape)


def zero(model, name, gone):
    """Set to zero what is gone of a layer, whole units where that is a row."""
    layer = model.get_layer(name)
    kernel, *others = layer.get_weights()
    if gone.ndim > 1:
        layer.set_weights([np.where(gone, 0, kernel), *others])
    elif name == "each":
        layer.set_weights([np.where(gone[:, None], 0, kernel), np.where(gone, 0, others[0])])
    elif name.endswith("_norm"):  # gamma and beta; what was counted stays
        first = [np.where(gone, 0, array) for array in (kernel, others[0])]
        layer.set_weights([*first, *others[1:]])
    else:
        layer.set_weights([np.where(gone, 0, array) for array in (kernel, *others)])


def plainly(keras, model, build, method, k):
    """Count what stock Keras gets right at a point."""
    other = keras.models.clone_model(model)
    other.set_weights(model.get_weights())
    for group, makers in GROUPS[build].items():
        kernels = {name: model.get_layer(name).get_weights()[0] for name in makers}
        if method == "weight":
            for name, kernel in kernels.items():
                zero(other, name, smallest(np.abs(kernel), k))
            continue
        squares = [np.square(each.astype(float)).sum(axis=(0, 1, 2)) for each in kernels.values()]
        gone = smallest(np.sqrt(sum(squares)), k)
        for name in [*makers, *filter(None, [ALONG.get(build, {}).get(group)])]:
            zero(other, name, gone)
    test = data.load("mnist", "test")
    answers = other.predict(test.images.reshape(-1, 28, 28, 1), batch_size=500, verbose=0)
    return int((answers.argmax(axis=1) == test.labels).sum())


@pytest.mark.parametrize("build", GROUPS, ids=lambda build: build.__name__)
def test_every_point_is_within_an_image_of_plain_keras(prune, keras, tmp_path, build):
    model = trained(keras, build)
    model.save(tmp_path / "m.keras")
    # As pruning leaves them: by default a model with normalisation has its statistics renewed.
    argv = ("compare", "--weights", tmp_path / "m.keras", "--k", "0,25,50", "--repair", "none")
    status, out, err = prune(*argv, "--format", "json")
    assert status == 0, err
    rows = json.loads(out)
    assert rows[0]["correct"] > 3000 and len(rows) == 6
    for row in rows:
        expected = plainly(keras, model, build, row["method"], row["k"])
        assert abs(row["correct"] - expected) <= 1, row


# Layers of one form, so that scope isomorphic ranks several together.
CHAIN = chain([12, 10, 10, 10, 4], bias=True)
SCOPES = {
    "layer": lambda network: scopes.SCOPES["layer"],
    "network": lambda network: scopes.ranked_together(Fraction(1, 100)),
    "isomorphic": lambda network: scopes.by_form(anatomy.of(network).forms()),
}


def ways(method, criterion):
    """Yield every scope without a repair, and every repair, that a criterion goes with."""
    known = pruning.CRITERIA[method][criterion]
    yield from ((scope, "none") for scope in SCOPES if scope == "layer" or not known.by_layer)
    if not known.refits:
        # Of normalisations, which a chain has none of, the other repair takes the statistics.
        yield from (("layer", repair) for repair in pruning.REPAIRS.keys() - {"none", "bn"})


@pytest.fixture(scope="module")
def sides():
    """The same chain, its calibration and who evaluates it, in NumPy and in Keras."""
    model = net(keras_bridge.build(CHAIN))
    rng = np.random.default_rng(0)
    images = rng.random((300, 12)).astype(np.float32)
    labels = rng.integers(0, 4, 300)
    judged = judge.classes(labels)
    return (
        (CHAIN, Calibration(images, labels, 3), numpy_engine(CHAIN, images, labels)),
        (
            model,
            Calibration(seed=3, inputs=images, judge=judged),
            running.Engine(model, images, judged),
        ),
    )


@pytest.mark.parametrize(
    ("method", "criterion"),
    [(method, name) for method, known in pruning.CRITERIA.items() for name in known],
)
def test_both_engines_cut_the_same_of_a_chain(sides, method, criterion):
    for scope, repair in ways(method, criterion):
        (first, right), (second, also_right) = (
            (pruning.sweep(method, criterion, plan), engine)
            for whole, seen, engine in sides
            for layers in [pruning.layers(whole, method=method)]
            for plan in [Plan(whole, layers, KS, seen, SCOPES[scope](whole), repair)]
        )
        for ours, theirs in zip(first, second, strict=True):
            pairs = zip(ours.masks.values(), theirs.masks.values(), strict=True)
            assert all(np.array_equal(*pair) for pair in pairs), (scope, repair)
            counts = right(ours.network).correct, also_right(theirs.network).correct
            assert abs(counts[0] - counts[1]) <= 1, (scope, repair)


def test_threads_that_share_the_images_find_what_one_does_and_numpy():
    model, rng = net(keras_bridge.build(WITH_BIAS)), np.random.default_rng(0)
    images = rng.random((1777, 12)).astype(np.float32)  # the last chunk is not full
    labels = rng.integers(0, 4, 1777)
    seen = images, judge.classes(labels)
    alone, together = running.Engine(model, *seen), running.Engine(model, *seen, threads=3)
    found = together(model)
    assert found == alone(model)
    wanted = numpy_engine(WITH_BIAS, images, labels)(WITH_BIAS)
    assert (found.correct, found.total) == (wanted.correct, wanted.total)
    assert found.loss == pytest.approx(wanted.loss, rel=1e-5)
