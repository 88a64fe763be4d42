"""Zeros stay exact and the rest learns, under every optimizer, on the backend of this process."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
from keras import optimizers

import prune
from backends.loops import BACKEND, BATCH, STEPS, X, Y, by_hand, loss, small
from prune.core.ranking import count

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]
OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.05, momentum=0.9),
    "nesterov": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "adam": lambda: optimizers.Adam(0.01),
    "adamw": lambda: optimizers.AdamW(0.01),
    "lion": lambda: optimizers.Lion(0.01),
    "average": lambda: optimizers.Adam(0.01, use_ema=True),
    "overwritten": lambda: optimizers.SGD(0.05, use_ema=True, ema_overwrite_frequency=2),
    "accumulation": lambda: optimizers.Adam(0.01, gradient_accumulation_steps=2),
}


def compiled(model, optimizer="adam", **more):
    model.compile(OPTIMIZERS[optimizer](), loss(), **more)
    return model


def fit(model, *callbacks, **more):
    return model.fit(X, Y, batch_size=BATCH, verbose=0, callbacks=list(callbacks), **more)


def kernels(model):
    return {
        each.path: keras.ops.convert_to_numpy(each.value).astype("float64")
        for each in model.weights
        if "kernel" in each.path
    }


def assert_pruned_and_moved(model, before, k):
    """All but the output's kernel have as many zeros as were asked for, and every one moved."""
    after = kernels(model)
    for path in list(after)[:-1]:
        assert np.count_nonzero(after[path] == 0) == count(k / 100, after[path].size), path
    for path, values in after.items():
        left = values != 0
        assert (values[left] != before[path][left]).mean() > 0.5, path


def assert_as_any_other(model):
    """Nothing of ours is left in it, and it is saved and loaded as any other."""
    assert all(each.constraint is None for each in model.variables)
    assert not any("prune" in each.name for each in model.optimizer.variables)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_zeros_are_exact_and_every_kernel_moves(optimizer):
    model = compiled(small(), optimizer)
    before = kernels(model)
    fit(model, prune.Gradual(80), epochs=3)
    assert_pruned_and_moved(model, before, 80)
    assert_as_any_other(model)


@pytest.mark.parametrize("optimizer", ["average", "sgd"])
def test_a_model_that_was_fitted_before_needs_no_compiling(optimizer):
    model = compiled(small(), optimizer)
    fit(model)
    before = kernels(model)
    fit(model, prune.Gradual(80), epochs=3)
    assert_pruned_and_moved(model, before, 80)
    held = {path: values == 0 for path, values in kernels(model).items()}
    before = kernels(model)
    fit(model, prune.Hold(), epochs=2)
    assert_pruned_and_moved(model, before, 80)
    after = kernels(model)
    assert all((after[path][zero] == 0).all() for path, zero in held.items())
    fit(model)
    assert any(np.count_nonzero(values == 0) == 0 for values in kernels(model).values())


POLICIES = {
    "tensorflow": ["mixed_float16", "mixed_bfloat16"],
    "jax": ["mixed_bfloat16"],  # whose products of float16 no CPU has
    "torch": ["mixed_float16", "mixed_bfloat16"],
}


@pytest.mark.parametrize("policy", POLICIES[BACKEND])
def test_mixed_precision(policy):
    model = compiled(small(policy))
    before = kernels(model)
    fit(model, prune.Gradual(80), epochs=3)
    assert_pruned_and_moved(model, before, 80)


@pytest.mark.parametrize("jit", [True, False][BACKEND == "torch" :])  # which would want a compiler
def test_with_and_without_a_compiler(jit):
    model = compiled(small(), jit_compile=jit)
    before = kernels(model)
    fit(model, prune.Gradual(80), epochs=3)
    assert_pruned_and_moved(model, before, 80)


# Of PyTorch Keras takes one step at a time.
@pytest.mark.parametrize("steps", [1] if BACKEND == "torch" else [1, 2])
def test_several_steps_in_one_call(steps):
    model = compiled(small(), steps_per_execution=steps)
    before = kernels(model)
    fit(model, prune.Gradual(80), epochs=3)
    assert_pruned_and_moved(model, before, 80)


@pytest.mark.parametrize("method", ["weight", "unit"])
def test_a_loop_written_by_hand(method):
    model = compiled(small())
    before = kernels(model)
    by_hand(model, [prune.Gradual(50, method=method)], epochs=3)
    if method == "weight":
        assert_pruned_and_moved(model, before, 50)
    assert_as_any_other(model)
    zeros = {path: values == 0 for path, values in kernels(model).items()}
    by_hand(model, [prune.Hold()], epochs=1)
    assert all((values == 0)[zeros[path]].all() for path, values in kernels(model).items())


def test_units_are_emptied_while_training():
    model = compiled(small())
    fit(model, prune.Gradual(50, method="unit"), epochs=3)
    kernel, bias, gamma, beta = (keras.ops.convert_to_numpy(each) for each in model.weights[:4])
    empty = ~kernel.reshape(-1, 4).any(axis=0)
    assert empty.sum() == 2
    assert not (bias[empty].any() or gamma[empty].any() or beta[empty].any())
    dense = keras.ops.convert_to_numpy(model.layers[4].kernel).reshape(16, 4, 10)
    assert not dense[:, empty].any() and np.isfinite(dense).all()
    columns = [each.reshape(-1, each.shape[-1]) for each in kernels(model).values()]
    assert [np.count_nonzero(~each.any(axis=0)) for each in columns] == [2, 5, 3, 0]


def test_two_of_four():
    model = compiled(small())
    fit(model, prune.Gradual(n_of_m=(2, 4)), epochs=3)
    kernel = keras.ops.convert_to_numpy(model.layers[4].kernel)  # (64, 10)
    assert (np.count_nonzero(kernel.reshape(16, 4, 10), axis=1) == 2).all()


@pytest.mark.parametrize(
    ("size", "batch", "schedule"),
    [
        (16, 16, {}),
        (16, 16, {"begin": 0.5, "end": 1.0, "ramp": "exponential"}),
        (48, 16, {"every": "100 steps"}),
        (48, 16, {"begin": "1 steps", "end": "3 steps", "ramp_from": 50}),
        (1000, 32, {}),
        (1000, 32, {"end": 0.0, "scope": "network"}),
        (1000, 500, {"begin": 1.0, "end": 1.0}),
    ],
)
def test_what_was_asked_is_gone_at_the_end_of_every_schedule(size, batch, schedule):
    """In one step, in three, or with 1,000 images; never a silent nothing."""
    model, (x, y) = compiled(small()), (np.resize(X, (size, *X.shape[1:])), np.resize(Y, size))
    model.fit(x, y, batch_size=batch, verbose=0, callbacks=[prune.Gradual(90, **schedule)])
    found = list(kernels(model).values())[:-1]
    zeros, sizes = [np.count_nonzero(each == 0) for each in found], [each.size for each in found]
    if "scope" in schedule:
        assert sum(zeros) == count(0.9, sum(sizes))
    else:
        assert zeros == [count(0.9, each) for each in sizes]


def test_a_training_that_goes_on_goes_on_with_the_ramp(tmp_path):
    asked = "sparsity_asked/first/kernel"
    whole = fit(compiled(small(), "sgd"), prune.Gradual(80), epochs=4).history[asked]
    assert whole == sorted(whole) and whole[1] < whole[-1] == 0.8
    stored = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    fit(compiled(small(), "sgd"), prune.Gradual(80), stored, epochs=4)
    model = keras.saving.load_model(tmp_path / "2.keras")
    assert int(model.optimizer.iterations) == 2 * STEPS  # its state was stored and is back
    before = kernels(model)
    rest = fit(model, prune.Gradual(80), epochs=4, initial_epoch=2).history[asked]
    assert rest == whole[2:]
    assert_pruned_and_moved(model, before, 80)


def test_data_of_unknown_length():
    model, told = compiled(small()), _Told()
    by_hand(model, [prune.Gradual(80), told], epochs=3, steps=None)
    first, second, third = told.seen
    assert 0 < first < second == third == 0.8
    with pytest.raises(prune.PruneError, match="nothing tells how many steps"):
        by_hand(model, [prune.Gradual(80)], epochs=1, steps=None)


class _Told(keras.callbacks.Callback):
    """Keeps what those before it have put into the logs."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(logs["sparsity/first/kernel"])


def test_what_training_cannot_give_is_refused():
    model = compiled(small())
    with pytest.raises(prune.PruneError, match="end = 9 steps is after 9 steps, but .* has 3"):
        fit(model, prune.Gradual(80, end="9 steps"))
    with pytest.raises(prune.PruneError, match="no zeros to hold"):
        fit(compiled(small()), prune.Hold())

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    with pytest.raises(prune.PruneError, match="training stopped after 3 steps of the 9 after"):
        fit(compiled(small()), prune.Gradual(80), Stop(), epochs=4)


def test_constraints_of_the_model_itself_stay():
    model = compiled(small())
    model.layers[4].kernel.constraint = limit = keras.constraints.MaxNorm(0.5)
    fit(model, prune.Gradual(80), epochs=3)
    kernel = keras.ops.convert_to_numpy(model.layers[4].kernel)
    assert model.layers[4].kernel.constraint is limit
    assert np.linalg.norm(kernel, axis=0).max() <= 0.5 + 1e-5
    assert np.count_nonzero(kernel == 0) == 512
