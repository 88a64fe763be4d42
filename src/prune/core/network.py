"""A chain of dense layers as plain arrays, and its forward pass."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import partial
from typing import NamedTuple

import numpy as np

from prune import PruneError
from prune.core.products import live_product
from prune.settings.spelling import closest


class Layer(NamedTuple):
    """A dense layer: `activation(inputs @ kernel + bias)`."""

    name: str
    kernel: np.ndarray  # (inputs, units)
    bias: np.ndarray | None  # (units,)
    activation: str  # a name that `activation` knows; the last layer's is one of OUTPUTS


Network = tuple[Layer, ...]

# By layer name; a layer that is absent is not pruned.  The shape says the method:
# (inputs, units) for single weights, (units,) for whole units.
Scores = dict[str, np.ndarray]  # larger means keep
Masks = dict[str, np.ndarray]  # True means keep
Sparsity = Fraction | float  # of what may be pruned; a float stands for the decimal it prints

Activation = Callable[[np.ndarray], np.ndarray]


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def _linear(x: np.ndarray) -> np.ndarray:
    return x


def _sigmoid(x: np.ndarray) -> np.ndarray:
    # Through tanh, since exp(-x) overflows for large negative x.
    return 0.5 * np.tanh(0.5 * x) + 0.5


def _elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _selu(x: np.ndarray) -> np.ndarray:
    # Klambauer 2017: the scale and alpha that keep mean 0 and variance 1.
    return 1.0507009873554805 * _elu(x, 1.6732632423543772)


def erf(x: np.ndarray) -> np.ndarray:
    """Return the error function of each value."""
    from scipy import special  # here, since it would slow the start of every command

    return special.erf(x)


def _gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + erf(x * float(np.sqrt(0.5))))


def _softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(x, np.zeros((), x.dtype))


def _silu(x: np.ndarray) -> np.ndarray:
    return x * _sigmoid(x)


def _leaky_relu(x: np.ndarray, slope: float = 0.2) -> np.ndarray:
    return np.where(x > 0, x, slope * x)


# The names and defaults of Keras 3.
ACTIVATIONS: dict[str, Callable[..., np.ndarray]] = {
    "relu": _relu,
    "linear": _linear,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "softplus": _softplus,
    "silu": _silu,
    "leaky_relu": _leaky_relu,
}
OUTPUTS = ("softmax", "linear")
# Those of one parameter, and what it is called; another value goes in brackets: `leaky_relu(0.3)`.
PARAMETERS = {"elu": "alpha", "leaky_relu": "slope"}
_WITH_PARAMETER = re.compile(rf"({'|'.join(PARAMETERS)})\((\d+(?:\.\d+)?(?:e-?\d+)?)\)")


def split_activation(name: str) -> tuple[str, float | None]:
    """Split `leaky_relu(0.3)` into its name and number; a plain name has None.

    Raises `PruneError` for an activation that cannot be evaluated.
    """
    if parts := _WITH_PARAMETER.fullmatch(name):
        return parts[1], float(parts[2])
    if name not in ACTIVATIONS:
        known, meant = ", ".join(ACTIVATIONS), closest(name, ACTIVATIONS)
        raise PruneError(f"activation {name!r} cannot be evaluated{meant}; choose from {known}")
    return name, None


def activation(name: str) -> Activation:
    """Return the activation called `name`; it keeps the shape and type of what it is given.

    >>> activation("leaky_relu(0.5)")(np.array([-2.0, 2.0]))
    array([-1.,  2.])
    """
    base, number = split_activation(name)
    function = ACTIVATIONS[base]
    return function if number is None else partial(function, **{PARAMETERS[base]: number})


def preactivations(layer: Layer, inputs: np.ndarray) -> np.ndarray:
    """Return `inputs @ kernel + bias`, (n, units)."""
    sums = live_product(inputs, layer.kernel)
    if layer.bias is not None:
        sums += layer.bias
    return sums


def forward(network: Network, images: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield, layer by layer, its inputs (n, inputs) and its sums before activation (n, units)."""
    inputs = images
    for layer in network:
        sums = preactivations(layer, inputs)
        yield inputs, sums
        if layer is not network[-1]:
            inputs = activation(layer.activation)(sums)


def logits(network: Network, images: np.ndarray) -> np.ndarray:
    """Run `images` (n, inputs) through the network, up to but without a final softmax."""
    for _, sums in forward(network, images):
        last = sums
    return last


def prunable(network: Network) -> Network:
    """Every layer but the last: removing an output unit would remove a class."""
    return network[:-1]


def parameters(network: Network) -> int:
    """Count the entries of all kernels and biases."""
    return sum(array.size for array in arrays(network))


def nonzero(network: Network) -> int:
    """Count the entries of all kernels and biases that are not zero."""
    return sum(_nonzero(array) for array in arrays(network))


def _nonzero(array: np.ndarray) -> int:
    return int(np.count_nonzero(array != 0))  # NumPy counts booleans several times faster


def multiply_adds(network: Network) -> int:
    """Count the multiply-adds that one image needs: one for each weight that is not zero."""
    return sum(_nonzero(layer.kernel) for layer in network)


def fingerprint(network: Network) -> bytes:
    """Return what two networks have in common only if every value of them is the same."""
    found = hashlib.blake2b()
    for layer in network:
        told = (layer.activation, layer.kernel.shape, layer.kernel.dtype, layer.bias is not None)
        found.update(repr(told).encode())
    for array in arrays(network):
        found.update(np.ascontiguousarray(array))
    return found.digest()


def arrays(network: Network) -> list[np.ndarray]:
    """List kernels and biases in the order in which Keras keeps them."""
    pairs = ((layer.kernel, layer.bias) for layer in network)
    return [array for pair in pairs for array in pair if array is not None]


def with_arrays(network: Network, arrays: Iterable[np.ndarray]) -> Network:
    """Return `network` with other kernels and biases, in the order in which Keras keeps them."""
    values = iter(arrays)
    return tuple(
        layer._replace(kernel=next(values), bias=None if layer.bias is None else next(values))
        for layer in network
    )
