"""The backward pass of the chain, in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from prune.core.calibration import Calibration
from prune.core.network import PARAMETERS, Network, activation, erf, forward, split_activation


def _relu(x: np.ndarray) -> np.ndarray:
    return (x > 0).astype(x.dtype)


def _tanh(x: np.ndarray) -> np.ndarray:
    return 1 - np.tanh(x) ** 2


def _sigmoid_value(x: np.ndarray) -> np.ndarray:
    return activation("sigmoid")(x)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return _sigmoid_value(x) * (1 - _sigmoid_value(x))


def _elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.where(x > 0, x.dtype.type(1), alpha * np.exp(np.minimum(x, 0)))


def _selu(x: np.ndarray) -> np.ndarray:
    return 1.0507009873554805 * _elu(x, 1.6732632423543772)


def _gelu(x: np.ndarray) -> np.ndarray:
    density = np.exp(-0.5 * x * x) * float(1 / np.sqrt(2 * np.pi))
    return 0.5 * (1 + erf(x * float(np.sqrt(0.5)))) + x * density


def _silu(x: np.ndarray) -> np.ndarray:
    return _sigmoid_value(x) + x * _sigmoid(x)


def _leaky_relu(x: np.ndarray, slope: float = 0.2) -> np.ndarray:
    return np.where(x > 0, x.dtype.type(1), x.dtype.type(slope))


# One for each of network.ACTIVATIONS; at the kink of a ReLU zero, as TensorFlow takes it.
DERIVATIVES: dict[str, Callable[..., np.ndarray]] = {
    "relu": _relu,
    "linear": np.ones_like,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "softplus": _sigmoid_value,
    "silu": _silu,
    "leaky_relu": _leaky_relu,
}


def derivative(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return the derivative of the activation called `name`, of the same form.

    >>> derivative("leaky_relu(0.5)")(np.array([-2.0, 2.0]))
    array([0.5, 1. ])
    """
    base, number = split_activation(name)
    function = DERIVATIVES[base]
    return function if number is None else partial(function, **{PARAMETERS[base]: number})


def backward(
    network: Network, images: np.ndarray, labels: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return, for each layer, its inputs (n, inputs) and its errors (n, units).

    An error is the gradient of one image's cross-entropy with respect to the layer's
    pre-activations, so that `inputs.T @ errors` is the gradient of the kernel, summed.
    """
    inputs, sums = map(list, zip(*forward(network, images), strict=True))
    error = _softmax(sums[-1])
    error[np.arange(len(labels)), labels] -= 1
    errors = [error]
    for i in range(len(network) - 2, -1, -1):
        slope = derivative(network[i].activation)(sums[i])
        errors.append((errors[-1] @ network[i + 1].kernel.T) * slope)
    return inputs, errors[::-1]


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def gradients(network: Network, calibration: Calibration) -> Network:
    """Return the gradient of the mean cross-entropy, in the shape of the network."""
    kernels = [np.zeros(layer.kernel.shape) for layer in network]
    biases = [np.zeros(layer.kernel.shape[1]) for layer in network]
    for images, labels in calibration.chunks():
        for i, (inputs, errors) in enumerate(zip(*backward(network, images, labels), strict=True)):
            kernels[i] += inputs.T @ errors
            biases[i] += errors.sum(axis=0)
    total = len(calibration.labels)
    return tuple(
        layer._replace(kernel=kernel / total, bias=None if layer.bias is None else bias / total)
        for layer, kernel, bias in zip(network, kernels, biases, strict=True)
    )
