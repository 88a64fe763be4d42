"""Any model in training: what is pruned stays zero, whatever its layers do while they train."""

from __future__ import annotations

import random
import re
from fractions import Fraction

import numpy as np
import pytest

from prune import PruneError
from prune.core import anatomy, structure
from prune.core.plan import Plan
from prune.models.net import net
from prune.settings.pruning import METHODS, UNIT
from prune.settings.recipe import GRADUAL, ITERATIVE, ONE_SHOT, Recipe
from prune.training import course as course_of
from prune.training import fit, learners, retrain, shifts
from prune.training.compiled import Examples
from prune.training.course import Course, batches
from prune.training.retrain import Regime

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]
RECIPE = Recipe(epochs=2, batch_size=16, learning_rate=0.01)
CRITERIA = {"weight": "magnitude", "unit": "norm"}


def built(keras, dropped=0.0):
    """A residual network with everything that moves while training, as a stranger wrote it."""
    keras.utils.set_random_seed(1)
    layers = keras.layers
    images = keras.Input((6, 6, 1))
    x = skip = layers.Conv2D(6, 3, padding="same", name="stem")(images)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.8, name="norm")(x))
    x = layers.Dropout(dropped)(layers.Conv2D(6, 3, padding="same", name="inner")(x))
    x = layers.ReLU()(layers.BatchNormalization(name="outer")(layers.Add()([x, skip])))
    x = layers.Conv2D(8, 3, strides=2, activation="sigmoid", name="wide")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(3, activation="softmax", name="output")(x))


@pytest.fixture(scope="module")
def whole(keras):
    return net(built(keras))


@pytest.fixture(scope="module")
def examples():
    rng = np.random.default_rng(1)
    return Examples(rng.normal(size=(70, 36)).astype(np.float32), rng.integers(0, 3, 70))


def masks_of(network, method, sparsity):
    asked = network.layers(method, (), False, ())
    plan = Plan(network, asked, (Fraction(sparsity),))
    (point,) = retrain.pruning.sweep(method, CRITERIA[method], plan)
    return point.masks


def is_held(network, masks):
    again = network.masked(masks)
    return all(np.array_equal(again.arrays[name], network.arrays[name]) for name in again.arrays)


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "adamw"])
@pytest.mark.parametrize("method", METHODS)
def test_what_is_pruned_is_zero_after_every_step_and_what_is_left_moves(
    whole, examples, method, optimizer
):
    masks = masks_of(whole, method, 0.5)
    recipe = Recipe(1, 16, 0.01, optimizer=optimizer, augment=1)
    course = Course(whole.masked(masks), examples, recipe, masks)
    for _ in range(course.steps):
        course.advance(1)
        assert is_held(course.network, masks)
    moved = [
        (course.network.arrays[name] != whole.masked(masks).arrays[name]).any()
        for name in whole.arrays
    ]
    assert all(moved)


def test_a_plain_script_of_keras_trains_to_the_same_network(keras, whole, examples):
    # Not Adam, which makes much of the rounding of gradients that should be zero.
    recipe = Recipe(2, 16, 0.05, optimizer="sgd")
    model = whole.model()
    sgd = keras.optimizers.SGD(recipe.learning_rate, momentum=recipe.momentum)
    model.compile(sgd, "sparse_categorical_crossentropy")
    for places in batches(len(examples.labels), recipe):
        images = examples.images[places].reshape(-1, 6, 6, 1)
        model.train_on_batch(images, examples.labels[places])
    course = Course(whole, examples, recipe)
    course.advance(course.steps)
    for variable, array in zip(model.weights, course.network.model().weights, strict=True):
        np.testing.assert_allclose(variable.numpy(), array.numpy(), rtol=1e-3, atol=1e-5)


def test_training_in_smaller_arrays_is_training_with_masks(whole, examples, monkeypatch):
    masks = masks_of(whole, UNIT, 0.5)
    found = []
    for never in (0, 10**9):
        monkeypatch.setattr(course_of, "_NEVER_WORTH", never)
        course = Course(whole, examples, RECIPE)
        course.advance(4)
        course.hold(masks)
        course.advance(4)
        found.append(course)
    small, masked = found
    assert small._alive.sum() < masked._alive.sum() == len(masked._alive)
    carried = {
        name for (name, _), along in whole.structure.axes.items() if along.role == structure.CARRIED
    }
    for name, array in masked.network.arrays.items():
        if name not in carried:  # of a unit that is gone, a variance means nothing
            np.testing.assert_allclose(small.network.arrays[name], array, atol=2e-5)


@pytest.mark.parametrize("dropped", [0.0, 0.5])
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(keras, examples, dropped):
    network = net(built(keras, dropped))

    def trained(seed):
        recipe = Recipe(1, 16, 0.01, seed=seed, augment=2)
        *_, (after, _, _) = fit.epochs(network, examples.images, examples.labels, recipe)
        return b"".join(array.tobytes() for array in after.arrays.values())

    assert trained(3) == trained(3) != trained(4)


@pytest.mark.parametrize("schedule", [ONE_SHOT, ITERATIVE, GRADUAL])
@pytest.mark.parametrize("method", METHODS)
def test_every_schedule_removes_exactly_what_was_asked(whole, examples, method, schedule):
    asked = (Fraction(1, 2), Fraction(3, 4))
    plan = Plan(whole, whole.layers(method, (), False, ()), asked)
    regime = Regime(Examples(examples.images, examples.labels, 0.5), RECIPE, schedule)
    for sparsity, point in zip(
        asked, retrain.sweep(method, CRITERIA[method], plan, regime), strict=True
    ):
        for mask in point.masks.values():
            assert np.count_nonzero(~mask) == int(sparsity * mask.size)
        assert is_held(point.network, point.masks)
        small = point.network.shrunk()
        whole_answers, answers = (
            learners.of(each).logits(examples.images) for each in (point.network, small)
        )
        np.testing.assert_allclose(answers, whole_answers, atol=1e-4)


def test_fresh_values_are_those_of_the_initializers(keras, whole):
    python = random.getstate()
    first, again, other = (fit.fresh(whole, (seed, 0)) for seed in (1, 1, 2))
    assert random.getstate() == python
    assert all(np.array_equal(first.arrays[name], again.arrays[name]) for name in first.arrays)
    assert (first.arrays["stem/kernel"] != other.arrays["stem/kernel"]).all()
    assert (first.arrays["norm/gamma"] == 1).all() and not first.arrays["norm/moving_mean"].any()
    limit = np.sqrt(6 / (9 * 6 + 9 * 6))  # Glorot 2010
    assert 0.9 * limit < np.abs(first.arrays["inner/kernel"]).max() <= limit


@pytest.mark.parametrize("method", METHODS)
def test_the_starts_are_what_they_say(whole, examples, method):
    asked = whole.layers(method, (), False, ())
    plan = Plan(whole, asked, (Fraction(1, 2),))
    early = fit.fresh(whole, (5, 0))
    for start in ("reinit", "rewind", "scratch"):
        regime = Regime(examples, Recipe(1, 16, 1e-9), start=start, early=early)
        (point,) = retrain.sweep(method, CRITERIA[method], plan, regime)
        if start == "scratch":
            most = anatomy.of(whole.masked(point.masks)).nonzero()
            assert 0.3 * most < point.network.parameters() <= most
            continue
        values = early if start == "rewind" else fit.fresh(whole, (0, 0, 1))
        wanted = values.masked(point.masks).arrays["inner/kernel"]
        np.testing.assert_allclose(point.network.arrays["inner/kernel"], wanted, atol=1e-6)


def test_what_is_frozen_or_regularised_is_trained_as_keras_does(keras, examples):
    keras.utils.set_random_seed(1)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((36,)),
            layers.Dense(5, activation="relu", trainable=False, name="frozen"),
            layers.BatchNormalization(name="norm"),
            layers.Dense(4, kernel_regularizer=keras.regularizers.L2(10.0), name="shrinking"),
            layers.Dense(3, name="output"),
        ]
    )
    before = net(model)
    *_, (after, _, _) = fit.epochs(before, examples.images, examples.labels, RECIPE)
    assert np.array_equal(after.arrays["frozen/kernel"], before.arrays["frozen/kernel"])
    sizes = [np.square(each.arrays["shrinking/kernel"]).sum() for each in (before, after)]
    assert sizes[1] < 0.8 * sizes[0]


def test_a_model_of_one_probability_is_a_classifier_and_one_of_numbers_is_not(keras, examples):
    keras.utils.set_random_seed(1)
    layers, labels = keras.layers, examples.labels > 0
    for activation in ("sigmoid", None):
        model = keras.Sequential([keras.Input((36,)), layers.Dense(1, activation=activation)])
        course = fit.epochs(net(model), examples.images, labels, Recipe(60, 16, 0.05))
        if activation:
            *_, (_, _, accuracy) = course
            assert accuracy > 0.8
            continue
        with pytest.raises(PruneError, match="one number that is no probability"):
            next(course)


def test_a_move_shifts_the_image_and_lets_zeros_in():
    image = np.arange(1, 25, dtype=np.float32).reshape(3, 4, 2)
    seen = np.append(image.ravel(), 0)[shifts.moves(image.shape, 2)].reshape(-1, 3, 4, 2)
    assert len(np.unique(seen, axis=0)) == len(seen) == 25
    assert any(np.array_equal(each, image) for each in seen)
    down_right = np.zeros_like(image)
    down_right[1:, 2:] = image[:-1, :-2]
    assert any(np.array_equal(each, down_right) for each in seen)


def test_what_has_no_rows_is_not_shifted(keras, examples):
    model = keras.Sequential([keras.Input((35,)), keras.layers.Dense(3)])
    with pytest.raises(PruneError, match=re.escape("an input of shape (35,) is none; leave")):
        Course(net(model), examples, Recipe(augment=1))


def test_a_chain_is_shifted_as_the_square_image_that_it_reads(examples):
    chain = fit.initial([36, 5, 3], seed=0)
    *_, (still, _, _) = fit.epochs(chain, examples.images, examples.labels, RECIPE)
    recipe = Recipe(2, 16, 0.01, augment=1)
    *_, (moved, _, _) = fit.epochs(chain, examples.images, examples.labels, recipe)
    assert (still[0].kernel != moved[0].kernel).any()
    assert learners.of(chain).shape() == (6, 6)
