"""Each use that the guide of the TensorFlow toolkit shows, written anew for models of Keras 3."""

from __future__ import annotations

import sys

import keras
import numpy as np
import pytest
from keras import layers as L

from backends.loops import BATCH, X, Y, by_hand, loss, small
from prune import EnvironmentFailure, PruneError
from prune.compat import tfmot as sparsity

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]


def zeros(variable):
    return np.count_nonzero(keras.ops.convert_to_numpy(variable.value) == 0) / np.prod(
        variable.shape
    )


def trained(model, epochs=2, **more):
    model.compile("adam", loss())
    steps = sparsity.UpdatePruningStep()
    return model.fit(X, Y, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[steps], **more)


def test_it_has_the_eleven_names():
    names = {
        *("ConstantSparsity", "PolynomialDecay", "PrunableLayer", "PruneForLatencyOnXNNPack"),
        *("PruningPolicy", "PruningSchedule", "PruningSummaries", "UpdatePruningStep"),
        *("prune_low_magnitude", "prune_scope", "strip_pruning"),
    }
    assert names <= {name for name in vars(sparsity) if not name.startswith("_")}
    assert sparsity.sparsity.keras is sparsity  # as code says that imports the toolkit whole


def test_a_whole_model():
    model = sparsity.prune_low_magnitude(small())
    trained(model)
    stripped = sparsity.strip_pruning(model)
    for variable in stripped.trainable_variables:
        if variable.name == "kernel":
            values = keras.ops.convert_to_numpy(variable.value)
            assert np.count_nonzero(values == 0) == values.size // 2, variable.path


def test_a_ramp_ends_where_it_was_to_end_however_short_the_training():
    schedule = sparsity.PolynomialDecay(0.2, 0.8, begin_step=0, end_step=6)  # frequency=100
    model = sparsity.prune_low_magnitude(small(), pruning_schedule=schedule)
    logs = trained(model).history
    assert zeros(sparsity.strip_pruning(model).layers[4].kernel) == 0.8
    assert logs["sparsity/first/kernel"][0] == pytest.approx(0.2, abs=0.01)


def test_some_layers_by_their_kind():
    def only_dense(layer):
        return sparsity.prune_low_magnitude(layer) if isinstance(layer, L.Dense) else layer

    model = keras.models.clone_model(small(), clone_function=only_dense)
    trained(model)
    model = sparsity.strip_pruning(model)
    assert zeros(model.layers[0].kernel) == 0 and zeros(model.layers[4].kernel) == 0.5


def test_a_layer_by_its_name_while_the_model_is_made():
    i = keras.Input((6, 6, 2))
    x = sparsity.prune_low_magnitude(L.Dense(10, name="this"))(L.Flatten()(i))
    model = keras.Model(i, L.Dense(3, name="other")(x))
    trained(model)
    assert zeros(model.get_layer("this").kernel) == 0.5
    assert zeros(model.get_layer("other").kernel) == 0


class WithBias(L.Dense, sparsity.PrunableLayer):
    def get_prunable_weights(self):
        return [self.kernel, self.bias]


class Unknown(L.Dense):
    pass


def test_a_layer_of_the_users_own_says_what_is_pruned():
    model = keras.Sequential([keras.Input((6, 6, 2)), L.Flatten(), WithBias(4), L.Dense(3)])
    trained(sparsity.prune_low_magnitude(model))
    layer = sparsity.strip_pruning(model).layers[1]
    assert zeros(layer.kernel) == zeros(layer.bias) == 0.5
    with pytest.raises(PruneError, match="'mine' is a Unknown.* inherit PrunableLayer"):
        sparsity.prune_low_magnitude(Unknown(3, name="mine"))


def test_a_loop_written_by_hand():
    model = sparsity.prune_low_magnitude(small(), sparsity.ConstantSparsity(0.75, 1, frequency=2))
    model.compile("adam", loss())
    by_hand(model, [sparsity.UpdatePruningStep()], epochs=1)
    assert zeros(sparsity.strip_pruning(model).layers[4].kernel) == 0.75


def test_a_checkpoint_is_a_plain_model_and_goes_on(tmp_path):
    model = sparsity.prune_low_magnitude(small())
    trained(model)
    model.save(tmp_path / "half.keras")
    with sparsity.prune_scope():
        again = keras.models.load_model(tmp_path / "half.keras")
    assert zeros(again.layers[4].kernel) == 0.5
    with pytest.raises(PruneError, match="nothing in this model is marked"):
        trained(again)
    trained(sparsity.prune_low_magnitude(again, sparsity.ConstantSparsity(0.75, 0)))
    assert zeros(sparsity.strip_pruning(again).layers[4].kernel) == 0.75


def test_two_by_four():
    model = sparsity.prune_low_magnitude(small(), sparsity_m_by_n=(2, 4))
    trained(model)
    kernel = keras.ops.convert_to_numpy(sparsity.strip_pruning(model).layers[4].kernel)
    assert (np.count_nonzero(kernel.reshape(16, 4, 10) == 0, axis=1) == 2).all()


def test_convolutions_of_one_by_one_alone():
    def make(side):
        found = [keras.Input((6, 6, 2)), L.Conv2D(4, side), L.GlobalAveragePooling2D(), L.Dense(3)]
        return keras.Sequential(found)

    policy = sparsity.PruneForLatencyOnXNNPack()
    model = sparsity.prune_low_magnitude(make(1), pruning_policy=policy)
    trained(model)
    model = sparsity.strip_pruning(model)
    assert zeros(model.layers[0].kernel) == 0.5 and zeros(model.layers[2].kernel) == 0
    with pytest.raises(PruneError, match="no Conv2D of 1x1"):
        sparsity.prune_low_magnitude(make(3), pruning_policy=policy)


def test_summaries_say_what_they_need(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(EnvironmentFailure, match="need tensorboard and tensorflow"):
        sparsity.PruningSummaries(str(tmp_path))


def test_a_model_that_was_not_pruned_is_not_stripped_in_silence():
    model = sparsity.prune_low_magnitude(small(), sparsity.ConstantSparsity(0.5, 0))
    with pytest.raises(PruneError, match="has 0 zeros of 72, and its schedule ends with 36"):
        sparsity.strip_pruning(model)
    with pytest.raises(PruneError, match="nothing to strip: a model that was loaded is a plain"):
        sparsity.strip_pruning(small())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sparsity.ConstantSparsity(1.5, 0), "target_sparsity is a share"),
        (lambda: sparsity.PolynomialDecay(0, 0.5, 9, 3), "begin_step <= end_step"),
        (lambda: sparsity.PolynomialDecay(0, 0.5, 0, -1), "end_step cannot be -1"),
        (lambda: sparsity.prune_low_magnitude(L.Dense(3), block_size=(1, 4)), "block_size"),
        (lambda: sparsity.prune_low_magnitude("dense"), "a layer, a list of layers or a model"),
    ],
)
def test_what_cannot_be_asked_is_refused(make, message):
    with pytest.raises(PruneError, match=message):
        make()


def test_a_schedule_is_what_its_config_says():
    schedule = sparsity.PolynomialDecay(0.2, 0.8, 10, 110, frequency=50)
    again = sparsity.PolynomialDecay.from_config(schedule.get_config())
    for step in (0, 10, 35, 60, 110, 200):
        assert schedule(step) == again(step)
    assert schedule(10) == (True, pytest.approx(0.2)) and schedule(35)[0] is False
    assert schedule(110) == (True, pytest.approx(0.8)) and schedule(160)[0] is False
