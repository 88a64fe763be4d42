import numpy as np
import pytest

from chains import calibration, chain
from prune.core import criteria
from prune.core.calibration import Calibration
from prune.core.gradients import DERIVATIVES, derivative, gradients
from prune.core.losses import cross_entropy
from prune.core.network import ACTIVATIONS, activation, logits

NAMES = [*ACTIVATIONS, "leaky_relu(0.3)", "elu(0.7)"]


def test_every_activation_has_a_derivative():
    assert list(DERIVATIVES) == list(ACTIVATIONS)


@pytest.mark.parametrize("name", NAMES)
def test_a_derivative_is_the_slope_of_its_activation(name):
    x = np.array([-30.0, -3.0, -0.5, -0.01, 0.01, 0.5, 3.0, 30.0])
    slope = (activation(name)(x + 1e-6) - activation(name)(x - 1e-6)) / 2e-6
    np.testing.assert_allclose(derivative(name)(x), slope, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bias", [False, True])
def test_a_step_changes_the_loss_as_the_gradient_says(name, bias):
    network = chain([6, 5, 4, 3], name, bias)
    network = tuple(
        layer._replace(
            kernel=layer.kernel.astype(float),
            bias=None if layer.bias is None else layer.bias.astype(float),
        )
        for layer in network
    )
    images = calibration(network, 50)
    slopes = gradients(network, images)
    for i, (layer, slope) in enumerate(zip(network, slopes, strict=True)):
        moved = layer.kernel.copy()
        moved[1, 2] += 1e-6
        shifted = (*network[:i], layer._replace(kernel=moved), *network[i + 1 :])
        change = (_loss(shifted, images) - _loss(network, images)) / 1e-6
        assert slope.kernel[1, 2] == pytest.approx(change, abs=1e-5)
        if bias:
            moved = layer.bias.copy()
            moved[1] += 1e-6
            shifted = (*network[:i], layer._replace(bias=moved), *network[i + 1 :])
            change = (_loss(shifted, images) - _loss(network, images)) / 1e-6
            assert slope.bias[1] == pytest.approx(change, abs=1e-5)


def _loss(network, images):
    return cross_entropy(logits(network, images.images), images.labels).mean()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_gradients_equal_those_of_keras(name):
    from prune.core.network import arrays
    from prune.models import keras_bridge

    keras = keras_bridge.import_keras()
    import tensorflow

    network = chain([12, 10, 8, 4], name, bias=True)
    images = calibration(network, 60)
    model = keras_bridge.build(network)
    with tensorflow.GradientTape() as tape:
        answers = model(images.images, training=True)
        loss = keras.losses.SparseCategoricalCrossentropy()(images.labels, answers)
    wanted = tape.gradient(loss, model.trainable_weights)
    for ours, theirs in zip(arrays(gradients(network, images)), wanted, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4)


def test_optimal_brain_damage_squares_weights_and_gradients_of_single_images():
    network = chain([6, 5, 4, 3], "tanh", True)
    images = calibration(network, 30)
    wanted = [np.zeros(layer.kernel.shape) for layer in network]
    for image, label in zip(images.images, images.labels, strict=True):
        slopes = gradients(network, Calibration(image[None], label[None]))
        for total, slope in zip(wanted, slopes, strict=True):
            np.add(total, slope.kernel**2 / 30, out=total)
    scores = criteria.weight_obd(network, images)
    for layer, mean in zip(network, wanted, strict=True):
        np.testing.assert_allclose(scores[layer.name], layer.kernel**2 * mean, rtol=1e-5)
