"""The shares of zeros in the files of TensorBoard."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]


def test_the_shares_are_in_the_files_of_tensorboard(tmp_path):
    import keras

    from prune.compat import tfmot as sparsity

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, name="first")])
    model.compile("sgd", "mse")
    steps = [sparsity.UpdatePruningStep(), sparsity.PruningSummaries(str(tmp_path))]
    x, y = np.zeros((8, 4)), np.ones((8, 6))
    model = sparsity.prune_low_magnitude(model)
    model.fit(x, y, verbose=0, callbacks=steps)
    (written,) = (tmp_path / "train").glob("*tfevents*")
    assert b"sparsity/first/kernel" in written.read_bytes()
