"""The zoo of hard cases: what can be cut, that it is proved, and that a wrong cut is seen."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from prune import PruneError
from prune.core import ranking, scopes, structure
from prune.models import arrays, cut, proof
from prune.models.trace import trace
from random_models import randomised
from zoo import ZOO

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]

# (units, of which k = 50 cuts, frozen) of each case, counted by hand from what it is made of.
UNITS = {
    "chain": (16, 7, 3),
    "residual": (20, 10, 4),
    "u net": (28, 13, 1),
    "dense net": (17, 8, 3),
    "inception": (25, 11, 3),
    "two inputs and outputs": (22, 11, 4),
    "shared layers": (15, 7, 1),
    "transfer": (19, 9, 2),
    "vision transformer": (64, 30, 15),
    "text convolution": (24, 11, 1),
    "recurrent": (35, 16, 3),
    "volumes": (22, 10, 2),
    "mixed precision": (17, 8, 3),
    "custom layer in the middle": (13, 6, 8),
    "mobile": (22, 11, 3),
    "generator": (19, 9, 1),
    "shuffle": (12, 6, 3),
    "einsum": (21, 9, 2),
    "mixer": (26, 12, 8),
    "channels first": (24, 11, 3),
}


def made(keras, name):
    keras.utils.clear_session(free_memory=False)
    return randomised(ZOO[name](keras))


def halved(model, sparsity=0.5):
    norms = structure.unit_norms(trace(model), arrays.arrays(model))
    return scopes.SCOPES["layer"].cut(ranking.rank(norms), sparsity)


@pytest.mark.parametrize("name", ZOO)
def test_each_case_is_cut_as_far_as_stated(keras, name):
    model = made(keras, name)
    found, units = trace(model), halved(model)
    cut_away = sum(np.count_nonzero(~mask) for mask in units.values())
    sizes = sum(len(group.units) for group in found.groups.values())
    assert (sizes, cut_away, sum(each.units for each in found.frozen)) == UNITS[name]


@pytest.mark.parametrize("sparsity", [0.5, 1])
@pytest.mark.parametrize("name", ZOO)
def test_each_case_is_proved_layer_by_layer(keras, name, sparsity):
    model = made(keras, name)
    units = halved(model, sparsity)
    told = proof.prove(cut.masked(model, units), cut.shrunk(model, units), units, original=model)
    assert told.holds, told
    assert told.changed > 0.01


@pytest.mark.parametrize("name", ZOO)
def test_the_proof_sees_every_kernel_that_is_cut_wrong(keras, name):
    model = made(keras, name)
    units = halved(model)
    whole, small = cut.masked(model, units), cut.shrunk(model, units)
    right, kernels = arrays.arrays(small), trace(small).kernels
    for array, kernel in kernels.items():
        wrong = rolled(right[array], kernel)
        if wrong is None:
            continue
        arrays.assign(small, {**right, array: wrong})
        told = proof.prove(whole, small, units)
        assert not told.holds, array
        assert kernel.layer.startswith(told.worst.layer) or told.worst.share > 0.01


def rolled(array, kernel):
    """Its inputs one channel further, or None where that changes nothing."""
    inputs = [axis for axis in range(array.ndim) if axis not in kernel.units]
    axis = max(inputs, key=lambda axis: (array.shape[axis], axis))
    if kernel.kind in structure.SPARED or len(inputs) == 0 or array.shape[axis] < 2:
        return None
    return np.roll(array, 1, axis)


@pytest.mark.parametrize("name", ["residual", "two inputs and outputs", "recurrent", "mobile"])
def test_a_model_keeps_its_shapes_names_and_types(keras, name):
    model = made(keras, name)
    small = cut.shrunk(model, halved(model))
    assert small.name == model.name
    assert small.output_names == model.output_names
    assert [layer.name for layer in small.layers] == [layer.name for layer in model.layers]
    assert [t._keras_history.operation.name for t in small.inputs] == [
        tensor._keras_history.operation.name for tensor in model.inputs
    ]
    shapes = [(tensor.shape, tensor.dtype) for tensor in small.inputs]
    assert shapes == [(tensor.shape, tensor.dtype) for tensor in model.inputs]
    assert [tensor.shape for tensor in small.outputs] == [t.shape for t in model.outputs]


def test_nothing_masked_gives_the_model_itself(keras):
    model = made(keras, "mobile")
    small = cut.shrunk(model, {})
    assert small.get_config()["layers"] == model.get_config()["layers"]
    before, after = arrays.arrays(model), arrays.arrays(small)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_frozen_layer_stays_frozen_and_the_others_do_not(keras):
    model = made(keras, "transfer")
    small = cut.shrunk(model, halved(model))
    trainable = [variable.path for variable in model.trainable_variables]
    assert [variable.path for variable in small.trainable_variables] == trainable
    assert not small.get_layer("backbone").trainable


def test_weights_are_masked_by_kernel_and_units_left_alone(keras):
    model = made(keras, "mobile")
    found, own = trace(model), arrays.arrays(model)
    matrices = structure.matrices(found, own)
    chosen = structure.prunable(found)
    assert not any("depthwise" in name for name in chosen)
    assert "dense/kernel" not in chosen
    scores = {name: np.abs(matrices[name]) for name in chosen}
    cuts = scopes.SCOPES["layer"].cut(ranking.rank(scores), 0.9)
    zeros = structure.masked(found, own, cuts)
    gone = sum(np.count_nonzero(~mask) for mask in cuts.values())
    assert structure.nonzero(own) - structure.nonzero(zeros) == gone
    assert sum(int(0.9 * score.size) for score in scores.values()) == gone


def test_a_shrunk_model_is_saved_and_opened_by_plain_keras(keras, tmp_path):
    model = made(keras, "recurrent")
    small = cut.shrunk(model, halved(model))
    images = np.array([[3, 1, 4, 1, 5, 9, 0], [2, 6, 5, 3, 5, 0, 0]], np.int32)
    small.save(tmp_path / "small.keras")
    np.savez(tmp_path / "answers.npz", images=images, answers=small.predict(images, verbose=0))
    code = """
import sys, keras, numpy as np
data = np.load(sys.argv[2])
model = keras.saving.load_model(sys.argv[1])
np.testing.assert_allclose(model.predict(data["images"], verbose=0), data["answers"], atol=1e-6)
"""
    paths = [str(tmp_path / "small.keras"), str(tmp_path / "answers.npz")]
    own = {**os.environ, "KERAS_BACKEND": keras.backend.backend()}
    command = [sys.executable, "-c", code, *paths]
    done = subprocess.run(command, env=own, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_model_that_is_not_built_says_what_to_do(keras):
    with pytest.raises(
        PruneError, match="has no weights.*; if it should have some, build it, or call it"
    ):
        trace(keras.Sequential([keras.layers.Dense(3)]))


def test_a_subclassed_model_has_kernels_and_no_groups(keras):
    class Own(keras.Model):
        def __init__(self):
            super().__init__(name="own")
            self.first, self.last = keras.layers.Dense(4), keras.layers.Dense(2)

        def call(self, x):
            return self.last(self.first(x))

    model = Own()
    model(np.zeros((1, 3)))
    found = trace(model)
    assert list(found.kernels) == ["dense/kernel", "dense_1/kernel"] or len(found.kernels) == 2
    assert not found.groups
    assert [kernel.output for kernel in found.kernels.values()] == [False, True]
    with pytest.raises(PruneError, match="has no graph: it is a Own with its own call"):
        cut.shrunk(model, {})


def test_a_layer_without_a_configuration_is_named(keras):
    class Bare(keras.layers.Layer):
        def __init__(self, size):
            super().__init__(name="bare")
            self.size = size

        def call(self, x):
            return x * self.size

    inputs = keras.Input((3,))
    x = keras.layers.Dense(4)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(Bare(2)(x)))
    with pytest.raises(PruneError, match="layer 'bare' cannot be made again"):
        cut.shrunk(model, {})


def test_an_activation_of_the_users_own_is_asked(keras):
    def bent(x):
        return keras.ops.maximum(x, 0.1 * x)

    def centred(x):
        return x - keras.ops.mean(x, axis=-1, keepdims=True)

    inputs = keras.Input((6,))
    x = keras.layers.Dense(8, activation=bent)(inputs)
    x = keras.layers.Dense(7, activation=centred, name="mixed")(x)
    model = randomised(keras.Model(inputs, keras.layers.Dense(2)(x)))
    found = trace(model)
    assert [len(group.units) for group in found.groups.values()] == [8]
    assert found.frozen[0] == ("mixed", 7, "its activation centred mixes units")
    units = halved(model)
    assert proof.prove(cut.masked(model, units), cut.shrunk(model, units), units).holds


def test_what_is_nan_once_masked_is_frozen(keras):
    inputs = keras.Input((6,))
    x = keras.layers.Dense(8, activation="exponential")(inputs)
    x = 1.0 / keras.layers.Dense(8, name="divisor")(x)
    found = trace(keras.Model(inputs, keras.layers.Dense(2)(x)))
    assert "divisor" in {each.layer for each in found.frozen}


def test_masks_of_nothing_or_of_another_size_are_refused(keras):
    model = made(keras, "chain")
    with pytest.raises(PruneError, match="no kernel or group 'dense_9' to mask"):
        cut.shrunk(model, {"dense_9": np.ones(3, bool)})
    with pytest.raises(PruneError, match=r"the mask of 'dense' must have shape \(9,\), got \(3,\)"):
        cut.shrunk(model, {"dense": np.ones(3, bool)})
