"""`prune export`: files that stock runtimes open, and what they answer, against Keras."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import numpy as np
import pytest

from prune import PruneError
from prune.core import judge
from prune.experiments import exporting
from prune.models.keras_bridge import import_keras
from prune.models.net import net
from prune.runtimes.forms import Form, placed
from prune.runtimes.litert import LITERT
from prune.runtimes.table import RUNTIMES
from prune.settings.files import FILES_OF

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the converters
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

# Opens a file by its runtime alone, and answers what is given in an .npy.
STOCK = {
    "litert": """
import sys, numpy as np
from ai_edge_litert.interpreter import Interpreter
whole = Interpreter(sys.argv[1])
(given,), (result,) = whole.get_input_details(), whole.get_output_details()
images = np.load(sys.argv[2])
whole.resize_tensor_input(given["index"], images.shape)
whole.allocate_tensors()
whole.set_tensor(given["index"], images)
whole.invoke()
np.save(sys.argv[3], whole.get_tensor(result["index"]))
""",
    "onnx": """
import sys, numpy as np, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
(given,) = session.get_inputs()
np.save(sys.argv[3], session.run(None, {given.name: np.load(sys.argv[2])})[0])
""",
    "openvino": """
import sys, numpy as np, openvino
core = openvino.Core()
core.set_property("CPU", {"INFERENCE_PRECISION_HINT": "f32"})
np.save(sys.argv[3], core.compile_model(sys.argv[1], "CPU")([np.load(sys.argv[2])])[0])
""",
}


@pytest.fixture(scope="module")
def model():
    """A small convolutional network, nine tenths of whose first Dense kernel is zero."""
    keras = import_keras()
    layers = keras.layers
    keras.utils.set_random_seed(1)
    given = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(given)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Add()([x, layers.DepthwiseConv2D(3, padding="same")(x)])
    x = layers.Dense(64, activation="relu", name="wide")(layers.Flatten()(x))
    model = keras.Model(given, layers.Dense(3, activation="softmax")(x))
    rng = np.random.default_rng(0)
    kernel = model.get_layer("wide").kernel
    kernel.assign(np.where(rng.random(kernel.shape) < 0.9, 0, kernel.numpy()))
    return model


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    """The model and data for it, in files."""
    folder = tmp_path_factory.mktemp("saved")
    model.save(folder / "model.keras")
    rng = np.random.default_rng(2)
    arrays = {}
    for split, n in (("train", 60), ("test", 70)):
        images = rng.random((n, 8, 8, 1)).astype(np.float32)
        arrays[f"x_{split}"] = images
        arrays[f"y_{split}"] = model.predict_on_batch(images).argmax(axis=1)
    np.savez(folder / "data.npz", **arrays)
    return folder


def run(prune, saved, *more):
    return prune("export", saved / "model.keras", "--data", saved / "data.npz", *more)


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_stock_runtime_answers_as_keras_does(prune, saved, model, tmp_path, name):
    status, printed, err = run(prune, saved, "--to", name)
    assert status == 0, err
    folder = tmp_path / "work" / "results" / "export"
    images = np.load(saved / "data.npz")["x_test"]
    np.save(tmp_path / "given.npy", images)
    file = folder / f"model{RUNTIMES[name].endings[0]}"
    argv = [sys.executable, "-W", "ignore", "-c", STOCK[name], file, "given.npy", "answers.npy"]
    subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True)
    answers, wanted = np.load(tmp_path / "answers.npy"), model.predict_on_batch(images)
    np.testing.assert_allclose(answers, wanted, atol=1e-5)
    (row,) = [each for each in json.loads((folder / "table.json").read_text()) if each["saved"]]
    files = [folder / f"model{ending}" for ending in RUNTIMES[name].endings]
    assert row["bytes"] == sum(each.stat().st_size for each in files)
    assert row["gzip_bytes"] == sum(len(gzip.compress(f.read_bytes(), 9, mtime=0)) for f in files)
    assert row["correct"] == row["total"] == row["agreeing"] == 70
    assert row["difference"] == pytest.approx(np.abs(answers - wanted).max(), abs=1e-6)
    assert "70 of 70" in printed
    (timer,) = (each for each, file in FILES_OF.items() if file == name)
    assert err.splitlines()[-1].startswith(f"Next: prune bench --runtime {timer} --k 0,50")


def test_the_forms_of_litert_are_counted_in_their_files(prune, saved, model, tmp_path):
    status, _, err = run(prune, saved, "--to", "litert", "--int8", "--save", "small.tflite")
    assert status == 0, err
    rows = json.loads((tmp_path / "work" / "results" / "export" / "table.json").read_text())
    forms = {row["form"]: row for row in rows}
    assert list(forms)[:3] == ["plain", "sparse", "int8"]
    kernels = [layer.kernel for layer in model.layers if getattr(layer, "kernel", None) is not None]
    zeros = sum(int((kernel.numpy() == 0).sum()) for kernel in kernels)
    left = sum(kernel.shape.num_elements() for kernel in kernels) - zeros
    assert abs(forms["plain"]["nonzero"] - left) <= 8 + 3  # biases that the file holds as rows
    assert forms["sparse"]["nonzero"] == forms["plain"]["nonzero"]
    assert forms["int8"]["nonzero"] <= forms["plain"]["nonzero"]
    assert forms["sparse"]["bytes"] < forms["plain"]["bytes"] / 2
    assert forms["int8"]["bytes"] < forms["plain"]["bytes"] / 2
    assert [row["form"] for row in rows if row["saved"]] == ["int8"]
    assert (tmp_path / "work" / "small.tflite").stat().st_size == forms["int8"]["bytes"]


def test_a_chain_of_dense_layers_is_exported_too(prune, tiny, tmp_path):
    status, printed, err = prune("export", *tiny, "--to", "onnx", "--format", "json")
    assert status == 0, err
    (row,) = json.loads(printed)
    assert row["correct"] == row["total"] == 80 and row["difference"] < 1e-5
    assert (tmp_path / "work" / "results" / "export" / "tiny.onnx").stat().st_size == row["bytes"]


def test_another_answer_than_that_of_keras_is_refused(model):
    images = np.random.default_rng(3).random((5, 8, 8, 1)).astype(np.float32)
    whole = exporting.original(net(model), images, judge.classes(np.zeros(5, int)), images)

    def opened(parts, threads):
        outputs = LITERT.opened(parts, threads)
        return lambda inputs: [each + np.float32(2e-5) for each in outputs(inputs)]

    moved, plain = LITERT._replace(opened=opened), Form()
    told = "LiteRT differs from Keras by 2e-05 in an output, more than 1e-05 of the largest.*5 of 5"
    with pytest.raises(PruneError, match=f"{told}.*--within 5e-05 accepts it"):
        exporting.exported(moved, whole, plain, True)
    assert exporting.exported(moved, whole, plain, True, 3e-5).row.difference > 1e-5
    with pytest.raises(PruneError, match="more than 1.9e-05"):
        exporting.exported(moved, whole, plain, True, 1.9e-5)


@pytest.mark.parametrize("wrong", [np.nan, 1.5])
def test_what_no_rounding_explains_is_not_offered(model, wrong):
    images = np.random.default_rng(3).random((5, 8, 8, 1)).astype(np.float32)
    whole = exporting.original(net(model), images, judge.classes(np.zeros(5, int)), images)

    def opened(parts, threads):
        return lambda inputs: [each + np.float32(wrong) for each in whole.answers]

    with pytest.raises(PruneError, match="nothing was saved$"):
        exporting.exported(LITERT._replace(opened=opened), whole, Form(), True, 1e-3)


@pytest.mark.parametrize(
    ("number", "above"), [(2.59e-5, 3e-5), (2e-5, 3e-5), (9.7e-5, 1e-4), (0.4, 0.5)]
)
def test_a_bound_is_proposed_with_one_digit(number, above):
    assert exporting.one_digit(number) == above


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_missing_package_is_told_before_anything_is_written(
    prune, saved, tmp_path, monkeypatch, name
):
    module = RUNTIMES[name].modules[0]
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    status, printed, err = run(prune, saved, "--to", name)
    assert (status, printed) == (3, "")
    assert f"needs the package {module}, which is not installed" in err
    assert f"`pip install 'keras-prune[{name}]'`" in err and len(err.splitlines()) == 1
    assert not list((tmp_path / "work").iterdir())


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--to", "onnx", "--int8"], "ONNX Runtime files are plain: leave out --int8"),
        (["--to", "openvino", "--save", "a.onnx"], "OpenVINO files end in .xml, got --save a.onnx"),
        (["--to", "tflite"], "unknown --to 'tflite' (did you mean litert?); choose from"),
        ([], "the following arguments are required: --to"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(prune, saved, more, told):
    status, printed, err = run(prune, saved, *more)
    assert (status, printed) == (2, "") and told in err and len(err.splitlines()) == 1


def test_int8_without_training_images_is_refused(prune, saved, tmp_path):
    arrays = np.load(saved / "data.npz")
    np.savez(tmp_path / "test.npz", x_test=arrays["x_test"], y_test=arrays["y_test"])
    argv = ["export", saved / "model.keras", "--data", tmp_path / "test.npz", "--to", "litert"]
    status, _, err = prune(*argv, "--int8")
    assert status == 2 and "x_train" in err
    status, printed, err = prune(*argv)
    assert status == 0 and "note: int8 needs training images" in err and "sparse" in printed


def test_inputs_find_their_places_by_name():
    left, right = np.zeros(2), np.ones(2)
    assert placed(left, {"images": 7}) == [(7, left)]
    found = placed({"left": left, "right": right}, {"right": 1, "left": 0})
    assert [(place, array[0]) for place, array in found] == [(1, 1.0), (0, 0.0)]


def test_from_python_the_ending_names_the_runtime(model, tmp_path):
    import prune

    images = np.random.default_rng(4).random((40, 8, 8, 1)).astype(np.float32)
    labels = model.predict_on_batch(images).argmax(axis=1)
    row = prune.export(model, tmp_path / "a.tflite", (images, labels), int8=True)
    assert row.form == "int8" and row.bytes == (tmp_path / "a.tflite").stat().st_size
    assert prune.export(model, tmp_path / "a.xml", (images, labels)).correct == 40
    assert {each.name for each in tmp_path.iterdir()} == {"a.tflite", "a.xml", "a.bin"}
    with pytest.raises(PruneError, match=r"the ending of .*a.pb names no runtime; give .tflite"):
        prune.export(model, tmp_path / "a.pb", (images, labels))
    with pytest.raises(PruneError, match="OpenVINO files are plain, got int8"):
        prune.export(model, tmp_path / "b.xml", (images, labels), int8=True)
