"""Models of several kinds through the whole face, on the backend of this process."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers as L

import prune
from backends.loops import BACKEND, BATCH, loss
from prune.core.ranking import count
from prune.models.net import net

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]


def lstm():
    i = keras.Input((5, 4))
    x = L.Bidirectional(L.LSTM(6, return_sequences=True))(i)
    return keras.Model(i, L.Dense(3)(L.Dense(8, activation="relu")(L.LSTM(7)(x))))


def mobilenet():
    """An inverted residual with depthwise kernel and squeeze-and-excite."""
    i = keras.Input((8, 8, 3))
    x = L.BatchNormalization()(L.Conv2D(6, 3, padding="same", use_bias=False)(i))
    y = L.ReLU(6)(L.BatchNormalization()(L.Conv2D(12, 1, use_bias=False)(x)))
    y = L.ReLU(6)(L.BatchNormalization()(L.DepthwiseConv2D(3, padding="same")(y)))
    scale = L.Dense(4, activation="relu")(L.GlobalAveragePooling2D()(y))
    y = L.Multiply()([y, L.Reshape((1, 1, 12))(L.Dense(12, activation="sigmoid")(scale))])
    x = L.Add()([x, L.BatchNormalization()(L.Conv2D(6, 1, use_bias=False)(y))])
    return keras.Model(i, L.Dense(3)(L.GlobalAveragePooling2D()(x)))


def transformer():
    """A ViT in small: patches, attention, two Dense layers, with what is added to both."""
    i = keras.Input((8, 8, 3))
    x = L.Reshape((16, 8))(L.Conv2D(8, 2, strides=2)(i))
    x = L.Add()([x, L.MultiHeadAttention(2, 4)(L.LayerNormalization()(x), x)])
    y = L.Dense(16, activation="gelu")(L.LayerNormalization()(x))
    x = L.Add()([x, L.Dense(8)(y)])
    return keras.Model(i, L.Dense(3)(L.GlobalAveragePooling1D()(x)))


def nested():
    inner = keras.Sequential(
        [keras.Input((8, 8, 3)), L.Conv2D(5, 3, activation="relu"), L.Conv2D(6, 3)], name="inner"
    )
    i = keras.Input((8, 8, 3))
    x = L.ReLU()(L.BatchNormalization()(inner(i)))
    return keras.Model(i, L.Dense(3)(L.Dense(7, activation="relu")(L.Flatten()(x))))


MODELS = [lstm, mobilenet, transformer, nested]


@pytest.fixture(params=MODELS, ids=lambda make: make.__name__)
def model(request):
    keras.utils.set_random_seed(1)
    made = request.param()
    made.compile("adam", loss())
    return made


def data(model, n=32):
    rng = np.random.default_rng(2)
    return rng.normal(size=(n, *model.input_shape[1:])).astype("float32"), rng.integers(0, 3, n)


def zeros(model):
    return {name: np.count_nonzero(values == 0) for name, values in net(model).kernels().items()}


def asked(model, k):
    kernels, names = net(model).kernels(), net(model).layers("weight", (), False, ())
    return {name: count(k / 100, kernels[name].size) for name in names}


def assert_the_same(one, other, x, within=1e-5):
    answers = [np.asarray(each.predict(x, verbose=0)) for each in (one, other)]
    assert np.abs(answers[0] - answers[1]).max() <= within * np.abs(answers[0]).max()


def test_weights_and_units_go_and_the_model_is_as_it_was(model):
    x, y = data(model)
    before = [np.array(each) for each in model.get_weights()]
    sparse = prune.weights(model, 60)
    assert {name: zeros(sparse)[name] for name in asked(model, 60)} == asked(model, 60)
    small = prune.units(model, 50)
    assert small.count_params() < model.count_params()
    assert [each.name for each in small.layers] == [each.name for each in model.layers]
    for made in (sparse, small):  # compiled like the other, and with an optimizer of its own
        assert made.optimizer is not model.optimizer
        made.fit(x, y, batch_size=BATCH, verbose=0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights()))


def test_while_training_and_then_shrunk(model):
    x, y = data(model)
    told = model.fit(
        x, y, epochs=2, batch_size=BATCH, verbose=0, callbacks=[prune.Gradual(60)]
    ).history
    assert {name: zeros(model)[name] for name in asked(model, 60)} == asked(model, 60)
    assert {f"sparsity/{name}" for name in asked(model, 60)} <= told.keys()
    model.fit(
        x, y, epochs=2, batch_size=BATCH, verbose=0, callbacks=[prune.Gradual(50, method="unit")]
    )
    small = prune.shrink(model)
    assert small.count_params() < model.count_params()
    assert_the_same(model, small, x)


class Batches(keras.utils.PyDataset):
    """Arrays as a data set of batches."""

    def __init__(self, x, y):
        super().__init__()
        self.x, self.y = x, y

    def __len__(self):
        return len(range(0, len(self.x), BATCH))

    def __getitem__(self, i):
        part = slice(i * BATCH, (i + 1) * BATCH)
        return self.x[part], self.y[part]


def _loader(x, y):
    from torch import from_numpy
    from torch.utils.data import DataLoader, TensorDataset

    return DataLoader(TensorDataset(from_numpy(x), from_numpy(y)), batch_size=BATCH)


@pytest.mark.parametrize("batched", [Batches, *[_loader] * (BACKEND == "torch")])
def test_curves_are_those_of_the_arrays_whatever_hands_them_out(batched):
    model = nested()
    x, y = data(model)
    by_arrays = prune.compare(model, (x, y), k=[0, 50], methods="unit").rows
    assert prune.compare(model, batched(x, y), k=[0, 50], methods="unit").rows == by_arrays
    assert [row.k for row in by_arrays] == [0, 50] and by_arrays[1].pruned > 0
