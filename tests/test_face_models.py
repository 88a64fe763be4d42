"""The face on live models and on files: the same rows as the command, and nothing else changed."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

import prune
from prune.api import curves, speeds
from prune.cli.main import main
from prune.files import folders, results
from prune.models.late import import_keras

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The path of a data set of bytes, and the arrays that a model takes."""
    rng = np.random.default_rng(0)
    arrays = {}
    for split, n in (("train", 160), ("test", 90)):
        arrays[f"x_{split}"] = rng.integers(0, 256, (n, 6, 6), dtype=np.uint8)
        arrays[f"y_{split}"] = (arrays[f"x_{split}"].mean(axis=(1, 2)) > 127).astype(np.uint8)
    path = tmp_path_factory.mktemp("data") / "d.npz"
    np.savez(path, **arrays)
    live = {
        split: (arrays[f"x_{split}"].astype(np.float32) / np.float32(255), arrays[f"y_{split}"])
        for split in ("train", "test")
    }
    return path, live


@pytest.fixture(scope="module")
def chain(keras):
    keras.utils.set_random_seed(0)
    layers = [keras.Input((6, 6)), keras.layers.Flatten(), keras.layers.Dropout(0.1)]
    layers += [keras.layers.Dense(n, activation="relu") for n in (20, 12)]
    model = keras.Sequential([*layers, keras.layers.Dense(2, activation="softmax")])
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


@pytest.fixture(scope="module")
def conv(keras):
    keras.utils.set_random_seed(0)
    layers = [keras.Input((6, 6, 1)), keras.layers.Conv2D(6, 3, activation="relu")]
    layers += [keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    model = keras.Sequential(layers)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def rows(measured):
    return json.loads(json.dumps([results.values(row) for row in measured.rows]))


def commanded(model, data, tmp_path, *options):
    model.save(tmp_path / "m.keras")
    argv = [*options, "--weights", tmp_path / "m.keras", "--data", data, "--out", tmp_path / "o"]
    assert main([*map(str, argv), "-q"]) == 0
    return json.loads((tmp_path / "o" / "table.json").read_text())


@pytest.mark.parametrize(
    ("more", "options"),
    [
        ({}, []),
        ({"criterion": ["obs", "activation"], "controls": True}, ["--criterion", "obs,activation"]),
        ({"repair": ["none", "lstsq"], "scope": "network"}, ["--repair", "none,lstsq"]),
    ],
    ids=["plain", "criteria", "repairs"],
)
def test_a_live_chain_has_the_rows_of_the_command_to_the_byte(chain, data, tmp_path, more, options):
    path, live = data
    options = ["compare", "--k", "0,50,90", "--calibration", "100", *options]
    options += ["--controls"] * ("controls" in more) + ["--scope", "network"] * ("scope" in more)
    found = prune.compare(
        chain, live["test"], k=[0, 50, 90], train=live["train"], calibration=100, **more
    )
    assert rows(found) == commanded(chain, path, tmp_path, *options)
    assert rows(
        prune.compare(
            tmp_path / "m.keras",
            live["test"],
            k="0,50,90",
            train=live["train"],
            calibration=100,
            **more,
        )
    ) == rows(found)


def test_a_live_chain_is_run_by_numpy(chain, data, monkeypatch):
    monkeypatch.setattr(type(chain), "predict_on_batch", None)
    monkeypatch.setattr(type(chain), "evaluate", None)
    assert len(prune.compare(chain, data[1]["test"], k=[0, 90]).rows) == 4


def test_any_other_live_model_has_the_rows_of_the_command(conv, data, tmp_path):
    path, live = data
    x, y = live["test"]
    found = prune.compare(conv, (x[..., None], y), k=[0, 50])
    assert rows(found) == commanded(conv, path, tmp_path, "compare", "--k", "0,50")


def test_sensitivity_is_that_of_the_command(chain, data, tmp_path):
    path, live = data
    found = prune.sensitivity(chain, live["test"], k=[50, 90], train=live["train"])
    assert rows(found) == commanded(chain, path, tmp_path, "sensitivity", "--k", "50,90")
    found.save(tmp_path / "map.json")
    assert (tmp_path / "map.json").read_text() == (tmp_path / "o" / "allocation.json").read_text()
    pruned = prune.weights(chain, 50, k_map=tmp_path / "map.json")
    zeros = sum(int((each == 0).sum()) for each in pruned.get_weights()[:4:2])
    assert zeros == 480  # of 960


def test_the_model_the_session_and_the_optimizer_are_as_they_were(keras, chain, data):
    x, y = data[1]["train"]
    chain.fit(x, y, verbose=0)
    before = [np.array(each) for each in chain.get_weights()]
    state = [np.array(each) for each in chain.optimizer.variables]
    keras.config.set_floatx("float64")
    settings = (keras.config.floatx(), keras.config.image_data_format(), dict(os.environ))
    try:
        made = [
            prune.weights(chain, 80, criterion="obs", data=(x, y)),
            prune.units(chain, 50, repair="lstsq", data=(x, y)),
            prune.shrink(chain),
        ]
        prune.compare(chain, (x, y), k=[50])
        assert settings == (
            keras.config.floatx(),
            keras.config.image_data_format(),
            dict(os.environ),
        )
    finally:
        keras.config.set_floatx("float32")
    assert all((a == b).all() for a, b in zip(before, chain.get_weights()))
    assert all((a == np.array(b)).all() for a, b in zip(state, chain.optimizer.variables))
    for each in made:
        assert each.optimizer is not chain.optimizer
        assert each.optimizer.get_config() == chain.optimizer.get_config()
        assert set(each.evaluate(x, y, verbose=0, return_dict=True)) == {"loss", "accuracy"}


def test_units_of_a_chain_are_gone_and_the_answers_are_those_of_the_masked(chain, data):
    x, _ = data[1]["test"]
    small = prune.units(chain, 50)
    assert [each.shape for each in small.get_weights()[::2]] == [(36, 10), (10, 6), (6, 2)]
    assert [type(each).__name__ for each in small.layers] == [
        type(each).__name__ for each in chain.layers
    ]
    norms = [
        np.linalg.norm(each, axis=0).argsort()[: each.shape[1] // 2]
        for each in chain.get_weights()[:4:2]
    ]
    masked = prune.weights(chain, 0)
    values = masked.get_weights()
    for place, gone in zip((0, 2), norms):
        values[place][:, gone], values[place + 1][gone] = 0, 0
    masked.set_weights(values)
    np.testing.assert_allclose(
        small.predict(x, verbose=0), masked.predict(x, verbose=0), rtol=1e-5, atol=1e-6
    )
    again = prune.shrink(masked)
    assert [each.shape for each in again.get_weights()] == [
        each.shape for each in small.get_weights()
    ]


def test_data_are_arrays_data_sets_or_a_function(keras, chain, data):
    import tensorflow as tf

    x, y = data[1]["test"]

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, place):
            return x[place * 30 : place * 30 + 30], y[place * 30 : place * 30 + 30]

    forms = [
        (x, y),
        [x.tolist(), y.tolist()],
        tf.data.Dataset.from_tensor_slices((x, y)).batch(32),
        Batches(),
        [(x[:50], y[:50], np.ones(50)), (x[50:], y[50:], np.ones(40))][::1] + [(x[:0], y[:0])],
    ]
    first, *others = [prune.compare(chain, form, k=[50], methods="weight") for form in forms]
    assert all(rows(other) == rows(first) for other in others)

    def right(model):
        return model.evaluate(x, y, verbose=0)[1]

    (row,) = prune.compare(chain, right, k=[50], methods="weight").rows
    assert row.metric == "right" and row.score == pytest.approx(first.rows[0].accuracy)


def test_what_is_measured_is_a_table_a_picture_and_a_sentence(chain, data):
    found = prune.compare(chain, data[1]["test"], k=[0, 90])
    assert found.table in str(found) and found.conclusion in str(found)
    assert found._repr_markdown_().startswith("|  k |")
    picture = io.BytesIO()
    found.plot().savefig(picture)
    assert picture.getvalue().startswith(b"\x89PNG")
    alone = prune.sensitivity(chain, data[1]["test"], k=[90])
    assert set(alone.allocation) == {row.layers for row in alone.rows}
    assert alone.plot().axes


def test_a_frame_takes_pandas(chain, data, monkeypatch):
    found = prune.compare(chain, data[1]["test"], k=[0], methods="weight")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(prune.EnvironmentFailure, match="needs pandas, which is not installed"):
        found.frame()


def subclassed():
    """A model of a class of its own, that has been called."""
    keras = import_keras()

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden, self.last = keras.layers.Dense(4), keras.layers.Dense(3)

        def call(self, inputs):
            return self.last(self.hidden(keras.ops.reshape(inputs, (-1, 36))))

    model = Own()
    model(np.zeros((1, 6, 6)))
    return model


REFUSED = [
    *(
        (lambda model, xy, ask=ask: ask(subclassed(), xy), "it is a Own with its own call; build ")
        for ask in (
            lambda own, xy: prune.weights(own, 50),
            lambda own, xy: prune.compare(own, xy, k=[50], methods="weight"),
            lambda own, xy: prune.search(own, xy, max_drop=1),
            lambda own, xy: prune.bench({"own": own}, xy),
        )
    ),
    (lambda model, xy: prune.weights(model), "give k, a percent from 0 to 100, or n_of_m"),
    (lambda model, xy: prune.weights(model, 120), "percents from 0 to 100, got 120"),
    (lambda model, xy: prune.weights(model, [50, 60]), r"k is one percent here, got \[50, 60\]"),
    (lambda model, xy: prune.weights(model, 50, criterion="obss"), "did you mean obs"),
    (lambda model, xy: prune.weights(model, 50, criterion="obs"), "'obs' looks at data, and none"),
    (lambda model, xy: prune.weights(model, 50, scope="all"), "choose from layer, network"),
    (lambda model, xy: prune.weights(model, 50, keep="dens"), "no layer 'dens' to keep"),
    (lambda model, xy: prune.weights(model, n_of_m=(4, 2)), "1 <= n < m, got"),
    (lambda model, xy: prune.weights(7, 50), "a Keras model or the path of one is needed, got int"),
    (lambda model, xy: prune.units(model, 100), "nothing is left"),
    (lambda model, xy: prune.shrink("none.keras"), "none.keras: no such file"),
    (lambda model, xy: prune.compare(model, xy[0]), "data are ndarray; "),
    (lambda model, xy: prune.compare(model, (xy[0], xy[1][:3])), "90 test images but 3 labels"),
    (lambda model, xy: prune.compare(model, []), "the data are empty"),
    (lambda model, xy: prune.compare(model, xy, methods="units"), "did you mean unit"),
    (lambda model, xy: prune.compare(model, xy, criterion="taylor"), "'taylor' looks at data|none"),
]


@pytest.mark.parametrize(("ask", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_asked_is_refused_in_a_line(chain, data, ask, message):
    with pytest.raises(prune.PruneError, match=message) as refused:
        ask(chain, data[1]["test"])
    assert "\n" not in str(refused.value)


GRADUAL = [
    (prune.Gradual, "give k, a percent from 0 to 100, or n_of_m"),
    (lambda: prune.Gradual(50, n_of_m=(2, 4)), "one of both"),
    (lambda: prune.Gradual(n_of_m=(2, 4), method="unit"), 'for method "weight"'),
    (lambda: prune.Gradual(150), "percents from 0 to 100, got 150"),
    (lambda: prune.Gradual(50, criterion="obs"), "looks at images.* use magnitude or"),
    (lambda: prune.Gradual(50, criterion="norm"), "unknown name in criterion: 'norm'"),
    (lambda: prune.Gradual(50, begin=2), "begin must be a share of the training from 0 to 1"),
    (lambda: prune.Gradual(50, end="soon"), 'end must be a share .* or a text such as "2 epochs"'),
    (lambda: prune.Gradual(50, ramp="linear"), "choose from cubic, exponential"),
]


@pytest.mark.parametrize(("ask", "message"), GRADUAL, ids=range(len(GRADUAL)))
def test_what_cannot_be_pruned_while_training_is_refused_when_it_is_asked(keras, ask, message):
    with pytest.raises(prune.PruneError, match=message):
        ask()


def test_to_import_takes_a_tenth_of_a_second_of_its_own():
    code = "import sys, prune; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "keras", "tensorflow", "h5py"} & set(told.stdout.split())


def test_results_are_plain_values():
    assert curves.Measured.__dataclass_params__.frozen


def test_the_page_of_what_was_measured_holds_the_rows_and_layers_of_the_command(
    chain, conv, data, tmp_path
):
    path, live = data
    x, y = live["test"]
    found = prune.compare(conv, (x[..., None], y), k=[0, 50], methods="unit")
    commanded(conv, path, tmp_path, "unit", "--k", "0,50")
    stored = folders.read(tmp_path / "o")
    assert (found.run.rows, found.run.layers) == (tuple(stored.rows), stored.layers)
    assert found.run.record["results"]["conclusion"] == found.conclusion
    again = prune.compare(conv, (x[..., None], y), k=[0, 50], methods="unit")
    for measured, name in ((found, "one"), (again, "two")):
        prune.report(measured, tmp_path / name)
    page = (tmp_path / "one").read_text()
    assert page == (tmp_path / "two").read_text()
    assert f"Pruning {conv.name} on data in memory" in page
    assert "prune unit --weights MODEL.keras --data DATA.npz --repair none --k 0,50" in page


def test_several_are_shown_side_by_side_folders_among_them(chain, data, tmp_path):
    path, live = data
    train = live["train"]
    commanded(chain, path, tmp_path, "compare", "--k", "0,50")
    shown = [
        prune.compare(chain, share, k=[0, 50]),
        prune.sensitivity(chain, live["test"], k=[50]),
        prune.search(chain, train, max_drop=90.0, criterion="magnitude", repair="none", tries=2),
        prune.bench({"before <b>": chain, "after": prune.units(chain, 50)}, train, rounds=2),
        tmp_path / "o",
        tmp_path / "o",
    ]
    prune.report(shown, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "<h1>6 runs side by side</h1>" in page
    assert all(f">{name}</a>" in page for name in ("search", "bench", "o 1", "o 2"))
    assert "before &lt;b&gt;" in page and "before <b>" not in page


def share(model):
    return 0.5


def test_models_are_timed_against_the_first(chain, data):
    small = prune.units(chain, 50)
    timed = prune.bench([chain, small], data[1]["test"], batch=[1, 90], rounds=1)
    assert [(row.batch, row.parameters) for row in timed.rows] == [
        (batch, model.count_params()) for batch in (1, 90) for model in (chain, small)
    ]
    for first, second in zip(timed.rows[::2], timed.rows[1::2]):
        assert (first.faster, second.faster) == (1, first.seconds / second.seconds)
    assert timed.table.splitlines()[0].split() == speeds._HEADER[0:4] + ["times", "as", "fast"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda *a: prune.report([], "x"), "there is nothing to report"),
        (lambda *a: prune.report([3], "x"), "a page is of what prune.compare.* got int"),
        (lambda c, d: prune.report(prune.bench([c], d, rounds=1), "no/x"), "cannot write no/x: No"),
        (lambda c, d: prune.bench({}, d), "give models to time"),
        (lambda c, d: prune.bench([c], d, batch=91), "a batch of 91 needs as many .* got 90"),
        (lambda c, d: prune.bench([c], d, rounds=0), "rounds must be a whole number from 1, got 0"),
    ],
)
def test_what_cannot_be_timed_or_reported_is_refused(chain, data, call, message):
    with pytest.raises(prune.PruneError, match=message):
        call(chain, data[1]["test"])


@pytest.mark.parametrize("call", [prune.weights, prune.units, lambda model, k: prune.Gradual(k)])
def test_who_seems_to_mean_a_share_is_warned(conv, call):
    with pytest.warns(UserWarning, match="0.9 removes 0.9 %; for 90 % give k=90"):
        call(conv, 0.9)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "k is in percent")
        call(conv, 90)
