"""Models of stock Keras as the oracle: what we read and build answers as what was saved."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from prune import PruneError
from prune.files import models
from prune.files.keras_layers import graph, kinds, objects, trust
from prune.models import build, keras_bridge

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]
TESTS = Path(__file__).parent

MADE = (
    *("conv", "residual", "text", "attention", "several", "unet", "prepared", "in_time", "films"),
    *("built_late", "precisions", "grouped_attention", "called_on_itself"),
    *("mobilenet_v2", "mobilenet_v3"),
)


@pytest.fixture(scope="module")
def stock(keras):
    return importlib.import_module("stock_models")


def tree():
    return keras_bridge.import_keras().tree


def drawn(model):
    """Return the model with weights that differ everywhere, statistics too."""
    rng = np.random.default_rng(3)
    for variable in model.weights:
        if not variable.trainable and not variable.name.startswith("moving"):
            continue  # from which Normalization has already taken what it works with
        side = (list(variable.shape) or [1])[0]
        variable.assign(rng.uniform(0.1, 1, variable.shape) / np.sqrt(side))
    return model


def inputs_of(model):
    rng = np.random.default_rng(0)

    def some(tensor):
        return rng.integers(0, 5, [2, *tensor.shape[1:]]).astype("float32")

    return tree().map_structure(some, getattr(model, "_inputs_struct", model.inputs[0]))


def answers(model, inputs):
    return [np.asarray(one) for one in tree().flatten(model(inputs, training=False))]


def plain(config):
    """Return a configuration as JSON has it, without what a model is built again from."""
    if isinstance(config, dict):
        return {key: plain(value) for key, value in config.items() if key != "build_config"}
    return [plain(value) for value in config] if isinstance(config, list | tuple) else config


def settings(model):
    return plain(json.loads(json.dumps(model.get_config())))


@pytest.mark.parametrize("make", MADE)
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_saved_model_answers_as_it_did(keras, stock, make, ending, tmp_path):
    if (make, ending) == ("grouped_attention", "h5"):
        pytest.skip("Keras itself cannot read the .h5 that it writes of this layer")
    model = drawn(getattr(stock, make)())
    path = tmp_path / f"model.{ending}"
    model.save(path)
    built = build.build(models.parse(path.read_bytes()))
    inputs = inputs_of(model)
    for ours, theirs in zip(answers(built, inputs), answers(model, inputs), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    if ending == "keras":
        assert settings(built) == settings(keras.saving.load_model(path))


def test_what_is_not_as_by_default_comes_through(keras, tmp_path):
    # A model of defaults would be the same if the settings were dropped.
    model = keras.Sequential(
        [
            keras.Input((4,), name="here"),
            keras.layers.Dense(
                3,
                activation="gelu",
                kernel_initializer=keras.initializers.RandomNormal(stddev=0.2, seed=3),
                bias_regularizer=keras.regularizers.L1L2(0.1, 0.2),
                kernel_constraint=keras.constraints.UnitNorm(axis=1),
                trainable=False,
                name="there",
            ),
            keras.layers.BatchNormalization(momentum=0.5, epsilon=0.125, center=False),
        ]
    )
    model.save(tmp_path / "a.keras")
    file = models.parse((tmp_path / "a.keras").read_bytes())
    _, dense, normalization = (layer["config"] for layer in file.config["config"]["layers"])
    assert (dense["name"], dense["units"], dense["activation"]) == ("there", 3, "gelu")
    assert dense["kernel_initializer"]["config"] == {"mean": 0.0, "stddev": 0.2, "seed": 3}
    assert (normalization["momentum"], normalization["epsilon"]) == (0.5, 0.125)
    assert settings(build.build(file)) == settings(model)


@pytest.mark.parametrize(
    ("loss", "word"),
    [("mse", "mse"), ("BinaryCrossentropy", "BinaryCrossentropy"), (["mse"], "")],
)
def test_the_loss_is_a_word_and_the_model_comes_uncompiled(keras, stock, loss, word, tmp_path):
    # By its class too, which a file keeps as an object.
    loss = getattr(keras.losses, loss)() if loss == "BinaryCrossentropy" else loss
    model = stock.prepared()
    model.compile("sgd", loss)
    model.save(tmp_path / "a.keras")
    file = models.parse((tmp_path / "a.keras").read_bytes())
    assert file.loss == word
    assert not build.build(file).compiled


def test_every_layer_of_keras_without_code_is_in_the_table(keras, stock):
    layers = list(stock.every_layer(without={*objects.RUNS_CODE, "Layer", "Wrapper"}))
    assert len(layers) > 100
    for layer in layers:
        entry = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
        model = {"class_name": "Sequential", "config": {"name": "a", "layers": [entry]}}
        (rebuilt,) = graph.model(model)["config"]["layers"]
        assert settings(keras.saving.deserialize_keras_object(rebuilt)) == settings(layer)


def test_every_name_in_the_table_is_one_of_keras(keras):
    for name in objects.ACTIVATIONS:
        assert callable(keras.activations.get(name))
    for name, kind in {**kinds.LAYERS, **kinds.OPERATIONS}.items():
        room = (
            keras.layers if kind.module == "keras.layers" else importlib.import_module(kind.module)
        )
        assert hasattr(room, name)


def test_no_activation_initializer_regularizer_or_constraint_of_keras_is_missing(keras):
    rooms = {
        "initializers": (objects.INITIALIZER, "Initializer"),
        "regularizers": (objects.REGULARIZER, "Regularizer"),
        "constraints": (objects.CONSTRAINT, "Constraint"),
    }
    for room, (check, base) in rooms.items():
        for name, kind in vars(getattr(keras, room)).items():
            if inspect.isclass(kind) and name != base:
                entry = json.loads(json.dumps(keras.saving.serialize_keras_object(kind())))
                assert check(entry, name) == entry
    functions = {name for name, one in vars(keras.activations).items() if callable(one)}
    assert functions - {"get", "serialize", "deserialize"} == set(objects.ACTIVATIONS)


def application_names(rooms):
    return [name for name in sorted(dir(rooms)) if inspect.isfunction(getattr(rooms, name))]


def test_all_architectures_of_keras_pass_the_table(keras):
    names = application_names(keras.applications)
    assert len(names) == 40
    for name in names:
        # Without values, so that even the largest takes a second.
        with build.without_values():
            model = getattr(keras.applications, name)(weights=None)
            told = json.loads(model.to_json())
        rebuilt = graph.model(told)
        assert len(rebuilt["config"]["layers"]) == len(model.operations)


# What no array bears out, in layers of which the table alone cannot tell.
BOMBS = {
    "results": [
        {"class_name": "Reshape", "config": {"name": "r", "target_shape": [1, 1, 6]}},
        *(
            {"class_name": "UpSampling2D", "config": {"name": f"u{i}", "size": [9000, 9000]}}
            for i in range(4)
        ),
    ],
    "einsum": [
        {
            "class_name": "EinsumDense",
            "config": {"name": "e", "equation": "ab,bc->ac", "output_shape": 60_000_000},
        }
    ],
    "cell": [
        {"class_name": "Reshape", "config": {"name": "r", "target_shape": [2, 3]}},
        {
            "class_name": "RNN",
            "config": {
                "name": "r2",
                "cell": {"class_name": "LSTMCell", "config": {"name": "c", "units": 10**7}},
            },
        },
    ],
}


def bomb_file(layers):
    first = {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [None, 6]}}
    config = graph.model(
        {"class_name": "Sequential", "config": {"name": "a", "layers": [first, *layers]}}
    )
    return models.ModelFile(config, {}, "keras", "", "", {})


MEASURED = """
import json, resource, sys, time
sys.path.insert(0, sys.argv[1])
from prune import PruneError
from prune.models import build
from prune.models.keras_bridge import import_keras
import test_models_build
keras = import_keras()
before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.time()
try:
    build.build(test_models_build.bomb_file(test_models_build.BOMBS[sys.argv[2]]))
except PruneError as error:
    told = str(error)
with keras.StatelessScope():
    pass  # at whose end Keras gives values to all variables that still wait for some
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([told, (after - before) * 1024, time.time() - started]))
"""


@pytest.mark.parametrize(
    ("bomb", "refusal"),
    [
        ("results", r"gives .* numbers for each example; models of more than 268,435,456"),
        ("einsum", r"should hold 1 arrays of shape \(6, 60000000\), such as .*, but holds 0"),
        ("cell", r"should hold 1 arrays of shape \(\d+, 40000000\)"),
    ],
)
def test_what_no_array_bears_out_is_never_allocated(bomb, refusal):
    search = os.pathsep.join([str(Path(build.__file__).parents[2]), str(TESTS)])
    words = [sys.executable, "-c", MEASURED, str(TESTS), bomb]
    environment = {**os.environ, "PYTHONPATH": search}
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    told, memory, seconds = json.loads(done.stdout.splitlines()[-1])
    assert re.search(refusal, told)
    assert memory < 2**28 and seconds < 10


def test_a_class_of_the_users_own_is_built_once_it_is_trusted(keras, stock, tmp_path):
    model = drawn(stock.of_ones_own())
    path = tmp_path / "a.keras"
    model.save(path)
    with pytest.raises(PruneError, match=r"layer 'doubling' is a Doubling .*--trust module:Doub"):
        models.parse(path.read_bytes())
    own = trust.trusted("stock_models:Doubling")
    assert own == {"Doubling": stock.Doubling}
    built = build.build(models.parse(path.read_bytes(), own))
    inputs = inputs_of(model)
    np.testing.assert_array_equal(answers(built, inputs), answers(model, inputs))
