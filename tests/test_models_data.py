"""What data tell of any model, and repair by it, held against Keras, TensorFlow and SciPy."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy import linalg

from chains import calibration as chain_calibration
from chains import chain
from prune import PruneError
from prune.core import pruning
from prune.core.calibration import Calibration
from prune.core.plan import Plan
from prune.core.repair import aim, refit_all
from prune.core.scopes import SCOPES
from prune.models import keras_bridge, patches, statistics
from prune.models.net import net
from random_models import Generator, randomised

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]


def images_for(model, number=12, seed=0):
    shape = (number, *model.inputs[0].shape[1:])
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def flat(images):
    return images.reshape(len(images), -1)


def stops_of(model, images):
    found = []
    goal = aim(net(model), flat(images), found.append)
    return found, goal


LAYERS = {
    "Conv1D causal": (
        "Conv1D",
        {"kernel_size": 3, "padding": "causal", "dilation_rate": 2},
        (9, 3),
    ),
    "Conv2D": ("Conv2D", {"kernel_size": 3, "strides": 2, "padding": "same"}, (7, 8, 3)),
    "Conv2D dilated": ("Conv2D", {"kernel_size": (3, 2), "dilation_rate": 2}, (7, 8, 3)),
    "Conv2D in groups": ("Conv2D", {"kernel_size": 3, "groups": 2, "padding": "same"}, (6, 5, 4)),
    "Conv3D": ("Conv3D", {"kernel_size": 2, "strides": 2, "padding": "same"}, (5, 4, 3, 2)),
    "Conv1DTranspose": ("Conv1DTranspose", {"kernel_size": 3, "strides": 2}, (5, 3)),
    "Conv2DTranspose": (
        "Conv2DTranspose",
        {"kernel_size": 4, "strides": 3, "padding": "same"},
        (4, 5, 3),
    ),
    "padded Conv2DTranspose": (
        "Conv2DTranspose",
        {"kernel_size": 5, "strides": 3, "padding": "same", "output_padding": 1},
        (4, 5, 3),
    ),
    "SeparableConv2D": ("SeparableConv2D", {"kernel_size": 3, "depth_multiplier": 2}, (5, 6, 3)),
    "DepthwiseConv2D": (
        "DepthwiseConv2D",
        {"kernel_size": 3, "strides": 2, "padding": "same", "depth_multiplier": 2},
        (5, 6, 3),
    ),
    "Dense on images": ("Dense", {}, (4, 3, 5)),
    "EinsumDense": (
        "EinsumDense",
        {"equation": "abcd,cdef->abef", "output_shape": (None, 2, 3), "bias_axes": "ef"},
        (4, 3, 5),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_what_a_kernel_reads_times_the_kernel_is_what_keras_puts_out(keras, name):
    kind, settings, shape = LAYERS[name]
    size = {"Dense": {"units": 4}, "DepthwiseConv2D": {}, "EinsumDense": {}}
    layer = getattr(keras.layers, kind)(**size.get(kind, {"filters": 4}), **settings)
    inputs = keras.Input(shape)
    model = randomised(keras.Model(inputs, layer(inputs)))
    images = images_for(model)
    stops, goal = stops_of(model, images)
    last = stops[-1].name  # of a separable convolution what comes before is no output
    ours = np.hstack([stop.wanted for stop in stops if stop.name == last])
    places = goal.places[last]
    theirs = np.asarray(model(images)).reshape(len(images), -1, ours.shape[1])
    theirs = theirs[np.arange(len(images))[:, None], places].reshape(-1, ours.shape[1])
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_the_projections_of_attention_are_seen_and_refit(keras):
    inputs = keras.Input((5, 6))
    layer = keras.layers.MultiHeadAttention(2, 3, name="heads")
    x = keras.layers.GlobalAveragePooling1D()(layer(inputs, inputs))
    model = randomised(keras.Model(inputs, keras.layers.Dense(3, name="output")(x)))
    images, whole = images_for(model, 60), net(model)
    stops, goal = stops_of(model, images)
    assert [stop.name for stop in stops] == list(whole.kernels()) and not whole.blind()
    query = np.asarray(layer._query_dense(images)).reshape(60, 5, 6)
    places = goal.places["heads/query/kernel"]
    theirs = query[np.arange(60)[:, None], places].reshape(-1, 6)
    np.testing.assert_allclose(stops[0].wanted, theirs, rtol=1e-4, atol=1e-5)
    heads = np.asarray(layer(images, images)).reshape(60, 5, 6)
    theirs = heads[np.arange(60)[:, None], goal.places["heads/attention_output/kernel"]]
    np.testing.assert_allclose(stops[3].wanted, theirs.reshape(-1, 6), rtol=1e-4, atol=1e-5)
    kept = {
        name: np.random.default_rng(0).random(each.shape) < 0.7
        for name, each in whole.kernels().items()
    }
    raw = whole.masked(kept)
    repaired, _ = refit_all(raw, kept, goal)
    assert error(whole, repaired, images) < error(whole, raw, images)


def test_patches_are_those_of_keras(keras):
    images = np.random.default_rng(0).normal(size=(3, 7, 9, 2)).astype(np.float32)
    theirs = keras.ops.image.extract_patches(images, (3, 2), strides=2, padding="same")
    axes = [patches.table(7, patches.Steps(3, 2, 1), "same")]
    axes += [patches.table(9, patches.Steps(2, 2, 1), "same")]
    every = np.broadcast_to(np.arange(4 * 5), (3, 20))
    ours = patches.gather(images, axes, every)
    np.testing.assert_array_equal(ours.reshape(theirs.shape), np.asarray(theirs))


@pytest.mark.parametrize("seed", range(4))
def test_in_a_random_graph_every_kernel_is_seen_as_it_is(keras, seed):
    model = randomised(Generator(keras, seed).model())
    images = images_for(model)
    whole = net(model)
    stops, goal = stops_of(model, images)
    assert {stop.name for stop in stops} == set(whole.kernels())
    met = set()
    for stop in stops:
        name, *inner = stop.name.split("/")
        layer = model.get_layer(name)
        if stop.name in met or len(inner) > 1 or type(layer).__name__ == "SeparableConv2D":
            continue  # of those within, Keras has no outputs to ask for
        met.add(stop.name)
        units = stop.layer.kernel.shape[1]
        kernel = whole.kernels()[stop.name][:, stop.columns]
        sums = stop.inputs @ kernel + (
            0 if layer.bias is None else np.asarray(layer.bias)[stop.columns]
        )
        ours = np.asarray(layer.activation(sums))
        first = layer._inbound_nodes[0].outputs[0]
        theirs = np.asarray(keras.Model(model.inputs, first)(images))
        theirs = theirs.reshape(len(images), -1, theirs.shape[-1])[..., stop.columns]
        theirs = theirs[np.arange(len(images))[:, None], goal.places[stop.name]]
        np.testing.assert_allclose(ours, theirs.reshape(-1, units), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_a_passage_that_changes_nothing_changes_nothing(keras, seed):
    whole = net(randomised(Generator(keras, seed).model()))
    goal = aim(whole, flat(images_for(whole.template)))
    same, _ = refit_all(whole, {}, goal)
    for name, array in whole.arrays.items():
        np.testing.assert_array_equal(array, same.arrays[name])


@pytest.fixture(scope="module")
def normalised(keras):
    """A small model with normalisation, a branch, a depthwise layer and two kinds of output."""
    keras.utils.set_random_seed(1)
    layers = keras.layers
    images = keras.Input((8, 8, 1))
    x = layers.Conv2D(6, 3, use_bias=False, name="stem")(images)
    x = skip = layers.ReLU()(layers.BatchNormalization(name="norm")(x))
    x = layers.Conv2D(6, 3, padding="same", name="inner", activation="tanh")(x)
    x = layers.Add()([layers.BatchNormalization(name="second_norm")(x), skip])
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = layers.Dropout(0.5)(layers.Conv2D(8, 1, activation="relu", name="wide")(x))
    x = layers.GlobalAveragePooling2D()(x)
    return randomised(keras.Model(images, layers.Dense(3, activation="softmax", name="output")(x)))


def test_statistics_anew_are_those_of_a_training_pass_of_keras(keras, normalised):
    images = images_for(normalised, 60)
    whole = net(normalised)
    found = whole.renewed(flat(images))
    theirs = keras.models.clone_model(normalised)
    theirs.set_weights(normalised.get_weights())
    for layer in theirs.layers:
        if hasattr(layer, "moving_mean"):
            layer.momentum = 0.0
    theirs(images, training=True)
    for name in ("norm", "second_norm"):
        for kind in ("moving_mean", "moving_variance"):
            wanted = np.asarray(getattr(theirs.get_layer(name), kind))
            np.testing.assert_allclose(found.arrays[f"{name}/{kind}"], wanted, rtol=1e-4, atol=1e-5)
    for name in ("stem/kernel", "norm/gamma", "output/bias"):
        np.testing.assert_array_equal(found.arrays[name], whole.arrays[name])


def tape(model, images, labels, watched):
    """Yield the gradients of each image's cross-entropy, by TensorFlow's tape."""
    import tensorflow as tf

    for image, label in zip(images, labels, strict=True):
        with tf.GradientTape() as found:
            answer = model(image[None], training=False)
            loss = -tf.math.log(answer[0, int(label)])
        yield [grad.numpy() for grad in found.gradient(loss, watched)]


def test_gradients_are_those_of_the_tape(normalised):
    images, labels = images_for(normalised, 7), np.arange(7) % 3
    whole, seen = net(normalised), Calibration(flat(images), labels)
    names = ["stem", "inner", "depthwise", "wide", "output"]
    kernels = [normalised.get_layer(name).weights[0] for name in names]
    found = list(tape(normalised, images, labels, [each.value for each in kernels]))
    for power, size in ((1, np.abs), (2, np.square)):
        slopes = whole.weight_slopes(seen, power)
        for place, name in enumerate(names):
            theirs = np.mean([size(grads[place]) for grads in found], axis=0)
            ours = slopes[f"{name}/kernel"]
            np.testing.assert_allclose(ours, theirs.reshape(ours.shape), rtol=1e-3, atol=1e-7)


def test_a_units_part_in_the_loss_is_its_output_times_the_gradient(keras):
    import tensorflow as tf

    layers = keras.layers
    inputs = keras.Input((6, 5, 2))
    x = layers.Conv2D(4, 3, activation="relu", name="first")(inputs)
    rest = keras.Sequential(
        [
            layers.Conv2D(5, 2, activation="tanh", name="second"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    middle = keras.Model(inputs, x)
    model = keras.Model(inputs, x)
    for layer in rest.layers:
        x = layer(x)
    model = randomised(keras.Model(inputs, x))
    images, labels = images_for(model, 5), np.arange(5) % 3
    parts = []
    for image, label in zip(images, labels, strict=True):
        given = tf.convert_to_tensor(middle(image[None]))
        with tf.GradientTape() as found:
            found.watch(given)
            loss = -tf.math.log(rest(given)[0, int(label)])
        parts.append((given * found.gradient(loss, given)).numpy().sum(axis=(0, 1, 2)))
    seen = Calibration(flat(images), labels)
    for power, size in ((1, np.abs), (2, np.square)):
        ours = net(model).unit_slopes(seen, power)["first"]
        np.testing.assert_allclose(ours, size(parts).mean(axis=0), rtol=1e-3, atol=1e-7)


def test_a_linear_convolution_takes_the_least_squares_answer_of_scipy(keras):
    inputs = keras.Input((9, 9, 2))
    layer = keras.layers.Conv2D(3, 3, name="first")
    x = keras.layers.GlobalAveragePooling2D()(layer(inputs))
    model = randomised(keras.Model(inputs, keras.layers.Dense(3, name="output")(x)))
    images = images_for(model, 40)
    images[..., 1] += 0.5 * images[..., 0]  # so that what is lost can be made up
    whole = net(model)
    mask = np.random.default_rng(0).random((18, 3)) < 0.6
    goal = aim(whole, flat(images))
    found, _ = refit_all(whole.masked({"first/kernel": mask}), {"first/kernel": mask}, goal)
    patch = np.asarray(keras.ops.image.extract_patches(images, 3, strides=1)).reshape(-1, 18)
    wanted = np.asarray(layer(images)).reshape(-1, 3)
    ones = np.column_stack([patch, np.ones(len(patch))])
    ours = np.vstack([found.kernels()["first/kernel"], found.arrays["first/bias"]])
    for unit in range(3):
        kept = np.append(mask[:, unit], True)
        best, *_ = linalg.lstsq(ones[:, kept], wanted[:, unit])
        np.testing.assert_allclose(ours[kept, unit], best, atol=0.02)
        assert not ours[~kept, unit].any()


def error(whole, other, images):
    answers = [np.asarray(each.model()(images)) for each in (whole, other)]
    return float(np.square(answers[0] - answers[1]).mean())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("method", "criterion"), [("weight", "obs"), ("unit", "obs")])
def test_in_a_random_graph_the_surgeon_removes_exactly_what_is_asked(
    keras, seed, method, criterion
):
    whole = net(randomised(Generator(keras, seed).model()))
    images = images_for(whole.template, 60)
    layers = pruning.layers(whole, method=method)
    seen = Calibration(flat(images), np.zeros(60, int))
    plan = Plan(whole, layers, (Fraction(1, 4), Fraction(1, 2)), seen, SCOPES["layer"])
    before = None
    for point in pruning.sweep(method, criterion, plan):
        for name, mask in point.masks.items():
            if name in layers:
                assert np.count_nonzero(~mask) == int(point.sparsity * mask.size)
        kept = point.network.masked(point.masks)
        for name, array in point.network.arrays.items():
            np.testing.assert_array_equal(array, kept.arrays[name])
            assert np.isfinite(array).all()
        if before is not None:
            assert not any((point.masks[name] & ~before[name]).any() for name in before)
        before = point.masks


CRITERIA = [
    (method, name)
    for method, criteria in pruning.CRITERIA.items()
    for name in criteria
    if name != "random"
]


@pytest.mark.parametrize(("method", "criterion"), CRITERIA)
def test_both_engines_agree_on_the_masks_of_a_chain(method, criterion):
    network = chain([12, 16, 10, 4], seed=3)
    seen = chain_calibration(network)
    other = net(keras_bridge.build(network))
    points = []
    for each in (network, other):
        layers = pruning.layers(each, method=method)
        plan = Plan(each, layers, (Fraction(1, 2), Fraction(3, 4)), seen, SCOPES["layer"])
        points.append(list(pruning.sweep(method, criterion, plan)))
    for ours, theirs in zip(*points, strict=True):
        pairs = zip(ours.masks.values(), theirs.masks.values(), strict=False)
        assert all((one == two).mean() > 0.99 for one, two in pairs)
        assert len(ours.masks) <= len(theirs.masks)


def test_bn_and_refit_bring_answers_nearer(normalised):
    whole, images = net(normalised), images_for(normalised, 200)
    whole = whole.renewed(flat(images))  # or its own statistics are of nothing
    layers = pruning.layers(whole)
    seen = Calibration(flat(images[:150]), np.zeros(150, int))
    errors = {}
    for repair in ("none", "bn", "lstsq"):
        plan = Plan(whole, layers, (Fraction(1, 2),), seen, SCOPES["layer"], repair)
        (point,) = pruning.sweep("weight", "magnitude", plan)
        errors[repair] = error(whole, point.network, images[150:])
    assert errors["lstsq"] < errors["none"] and errors["lstsq"] < errors["bn"]


def test_what_cannot_be_seen_is_named_with_what_to_do(keras):
    inputs = keras.Input((5, 3))
    x = keras.layers.LSTM(4, name="memory")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax", name="output")(x))
    whole = net(model)
    seen = Calibration(flat(images_for(model)), np.zeros(12, int))
    plan = Plan(whole, pruning.layers(whole), (0.5,), seen, SCOPES["layer"])
    with pytest.raises(PruneError, match="see what memory/.* .LSTMCell. reads.*--keep memory/"):
        pruning.check("weight", "activation", plan)
    pruning.check("weight", "obd", plan)
    with pytest.raises(PruneError, match="'bn' is for models with normalisation"):
        pruning.check("weight", "magnitude", plan._replace(repair="bn"))


def test_statistics_take_no_more_images_than_tell_them(keras):
    images = keras.Input((8, 8, 3))
    x = keras.layers.BatchNormalization()(images)  # 64 values of a channel in an image
    x = keras.layers.Flatten()(keras.layers.BatchNormalization()(x[:, ::4, ::4]))  # 4
    assert statistics.enough(keras.Model(images, x)) == statistics.VALUES // 4
    inner = keras.Sequential([keras.Input((12,)), keras.layers.BatchNormalization()])
    assert statistics.enough(keras.Model(images, inner(x))) == statistics.VALUES
    assert statistics.enough(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])) == 1
