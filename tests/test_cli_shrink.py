"""`prune shrink`: what is saved is smaller, and answers as the pruned network does."""

from __future__ import annotations

import json

import numpy as np
import pytest

from prune.core import forms, measure
from prune.core.network import Layer, logits, parameters
from prune.files import data, weights
from test_cli import assert_refused

NOTHING_LEFT = (
    "nothing is left to save: no unit of layer 'dense' matters any more; give a smaller --k"
)


@pytest.mark.parametrize("name", ["s.keras", "s.weights.h5", "s.h5", "s.npz"])
@pytest.mark.parametrize("method", ["weight", "unit"])
def test_what_is_saved_answers_as_the_pruned_network(prune, tiny, network, tmp_path, name, method):
    argv = ("--method", method, "--k", 60, "--save", name, "--format", "json")
    status, out, err = prune("shrink", *tiny, *argv)
    assert status == 0, err
    found = json.loads(out)
    saved = weights.load(tmp_path / "work" / name).network
    assert found["parameters"] == [74, parameters(saved)]
    whole = weights.writer(tmp_path / name, compress=name == "s.keras")(network)
    assert found["bytes"] == [len(whole), (tmp_path / "work" / name).stat().st_size]
    test = data.load(str(tiny[3]), "test")
    right = measure.evaluate(forms.dense(saved), test.images, test.labels).correct
    _, out, _ = prune(method, *tiny, "--k", 60, "--format", "json")
    assert right == json.loads(out)[0]["correct"] == found["correct"][1]
    assert f"the same class on {found['agreeing']} of 80" in err


def test_units_are_gone_from_the_file(prune, tiny, tmp_path):
    prune("shrink", "--method", "unit", *tiny, "--k", "60", "--save", "s.keras")
    saved = weights.load(tmp_path / "work" / "s.keras").network
    assert [layer.kernel.shape for layer in saved] == [(6, 2), (2, 2), (2, 3)]


def test_a_keras_file_takes_little_for_zeros_and_stock_keras_opens_it(keras, rng, tmp_path):
    kernel = rng.normal(size=(200, 100)).astype(np.float32)
    kernel[rng.random(kernel.shape) < 0.95] = 0
    path = tmp_path / "zeros.keras"
    path.write_bytes(
        weights.writer(path, compress=True)((Layer("dense", kernel, None, "softmax"),))
    )
    assert path.stat().st_size < kernel.nbytes / 5
    (found,) = keras.saving.load_model(path).get_weights()
    np.testing.assert_array_equal(found, kernel)
    (again,) = weights.load(path).network
    np.testing.assert_array_equal(again.kernel, kernel)


def test_compressed_and_halved_files_load(prune, tiny, tmp_path):
    assert prune("shrink", *tiny, "--k", 50, "--save", "c.h5", "--compress")[0] == 0
    assert prune("shrink", *tiny, "--k", 50, "--save", "p.h5")[0] == 0
    status, _, err = prune("shrink", *tiny, "--k", 50, "--save", "h.npz", "--float16")
    assert status == 0, err
    plain, packed, half = (
        weights.load(tmp_path / "work" / name).network for name in ("p.h5", "c.h5", "h.npz")
    )
    images = np.random.default_rng(0).random((5, 6)).astype(np.float32)
    np.testing.assert_array_equal(logits(plain, images), logits(packed, images))
    np.testing.assert_allclose(logits(plain, images), logits(half, images), atol=0.02)


def test_a_folder_is_not_overwritten(prune, tiny, tmp_path):
    (tmp_path / "work" / "d.keras").mkdir()
    outcome = prune("shrink", *tiny, "--k", "50", "--save", "d.keras", "--force")
    assert_refused(outcome, "d.keras is a folder; give --save the name of a file")


def test_what_rounding_does_not_explain_is_not_saved(prune, tiny, tmp_path, monkeypatch):
    from prune.files import sparse

    whole = sparse.from_bytes

    def wrong(content):
        first, *rest = whole(content)
        return (first._replace(kernel=first.kernel * 1.001), *rest)

    monkeypatch.setattr(sparse, "from_bytes", wrong)
    outcome = prune("shrink", *tiny, "--k", 50, "--save", "s.npz", "-q")
    assert_refused(outcome, "more than rounding explains")
    assert not (tmp_path / "work" / "s.npz").exists()


@pytest.mark.parametrize(
    ("argv", "holds_zeros"),
    [
        (["--save", "s.h5"], True),
        (["--save", "s.h5", "--compress"], False),
        (["--save", "s.keras"], False),
        (["--save", "s.npz"], False),
        (["--save", "s.h5", "--method", "unit"], False),
    ],
)
def test_it_is_said_of_a_file_that_it_holds_every_zero(prune, tiny, argv, holds_zeros):
    status, _, err = prune("shrink", *tiny, "--k", "50", *argv)
    assert status == 0
    assert ("note: an .h5 file holds every zero; --compress packs them" in err) == holds_zeros


def test_a_keras_file_is_deflated_whether_it_is_asked_for_or_not(prune, tiny, tmp_path):
    for name, more in (("a.keras", ()), ("b.keras", ("--compress",))):
        assert prune("shrink", *tiny, "--k", "50", "--save", name, *more)[0] == 0
    first, second = ((tmp_path / "work" / name).read_bytes() for name in ("a.keras", "b.keras"))
    assert first == second


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--k", "50,60", "--save", "s.keras"], "shrink takes one --k, such as --k 90"),
        (["--k", "50", "60", "--save", "s.keras"], "unknown argument 60"),
        (["--k", "100", "--save", "s.keras"], NOTHING_LEFT),
        (["--k", "100", "--save", "s.npz"], NOTHING_LEFT),
        (["--k", "100", "--save", "s.h5", "--method", "unit"], NOTHING_LEFT),
        (["--save", "s.keras"], "shrink takes one --k"),
        (["--k", "50", "--save", "s.txt"], "must end in .keras, .h5, .hdf5, .npz"),
        (["--k", "50", "--save", "s.keras", "--float16"], "--float16 is for .npz files"),
        (["--k", "50", "--save", "s.npz", "--compress"], "--compress is for .h5 files"),
        (["--k", "50", "--save", "s.h5", "--repair", "none,lstsq"], "shrink takes one --criterion"),
        (["--k", "50"], "the following arguments are required: --save"),
    ],
)
def test_wrong_usage_is_one_line_and_saves_nothing(prune, tiny, tmp_path, argv, message):
    assert_refused(prune("shrink", *tiny, *argv), message)
    assert not list((tmp_path / "work").glob("s.*"))


def test_rows_count_what_can_still_matter(prune, tiny):
    _, out, _ = prune("unit", *tiny, "--k", "0", "60", "100", "--format", "json")
    whole, part, nothing = json.loads(out)
    assert (whole["effective"], whole["macs"], whole["dense_bytes"]) == (74, 62, 4 * 74)
    # 6-2-2-3, with biases.
    assert (part["effective"], part["macs"]) == (12 + 2 + 4 + 2 + 6 + 3, 12 + 4 + 6)
    assert (nothing["effective"], nothing["macs"]) == (3, 0)
    assert whole["file_bytes"] > part["file_bytes"] > nothing["file_bytes"]


def test_what_only_guesses_is_warned_of(prune, tiny):
    told = "WARNING: what was saved hardly knows more than guessing does; a lower --k, "
    for k, warned in ((99, True), (10, False)):
        status, _, err = prune("shrink", *tiny, "--method", "unit", "--k", k, "--save", f"{k}.npz")
        assert status == 0 and (told in err) == warned
