"""The forms a network is run in: the same answers, up to rounding, in different time."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from prune.core.network import Network, activation, live_product
from prune.core.shrink import shrink

Run = Callable[[np.ndarray], np.ndarray]  # images (n, inputs) -> logits (n, outputs)
Product = Callable[[np.ndarray], np.ndarray]  # inputs (n, inputs) -> inputs @ kernel, (n, units)


class Form(NamedTuple):
    """A way to run a network: one line about it, and what makes it ready."""

    about: str
    prepare: Callable[[Network], Run]


def dense(network: Network) -> Run:
    """Multiply by every entry of every kernel, zero or not."""
    return _run(network, _dense)


def shrunk(network: Network) -> Run:
    """Cut what cannot matter, and multiply by every entry that is left."""
    return _run(shrink(network), _dense)


def sparse(network: Network) -> Run:
    """Cut what cannot matter, and multiply by the entries that are not zero, one at a time."""
    return _run(shrink(network), _sparse)


def fastest(network: Network) -> Run:
    """Cut what cannot matter, and multiply each layer as the model below says is fastest."""
    return _run(shrink(network), _fastest)


FORMS = {
    "dense": Form("every weight, zero or not", dense),
    "shrunk": Form("what cannot matter cut out, the rest dense", shrunk),
    "sparse": Form("what cannot matter cut out, the rest as compressed rows", sparse),
    "fastest": Form("layer by layer the form that should be fastest", fastest),
}


def _run(network: Network, product: Callable[[np.ndarray], Product]) -> Run:
    products = [product(layer.kernel) for layer in network]
    activations = [activation(layer.activation) for layer in network[:-1]]

    def logits(images: np.ndarray) -> np.ndarray:
        values = images
        for layer, times, activate in zip(network, products, [*activations, None], strict=True):
            values = times(values)
            if layer.bias is not None:
                values += layer.bias
            if activate is not None:
                values = activate(values)
        return values

    return logits


def _dense(kernel: np.ndarray) -> Product:
    return lambda inputs: inputs @ kernel


def _sparse(kernel: np.ndarray) -> Product:
    from scipy.sparse import csr_array  # here, since it would slow the start of every command

    rows = csr_array(kernel.T)

    def product(inputs: np.ndarray) -> np.ndarray:
        # Images last: SciPy adds a multiple of one unit's inputs, over all images, at a time.
        # What comes out is stored so that the next such product takes it as it is.
        return (rows @ inputs.T).T

    return product


# What a multiply-add of the sparse product costs, in those of the dense one, and what a sparse
# product costs whatever its size: measured by benchmarks/forms.py, the same for every run.
_FEW = 16  # images: from so many on, the sparse product works on vectors of them
_SPARSE, _SPARSE_FEW = 7, 14
_CALL = 70_000


def _fastest(kernel: np.ndarray) -> Product:
    """Return the dense product, or where it should take longer the sparse one.

    The dense one leaves out silent inputs, so that which is faster depends on the inputs; it
    does not depend on the clock, and the same inputs always give the same bits.
    """
    nonzero = int(np.count_nonzero(kernel))
    if _SPARSE * nonzero > kernel.size:
        return lambda inputs: live_product(inputs, kernel)
    of_zeros = _sparse(kernel)

    def product(inputs: np.ndarray) -> np.ndarray:
        images, live = len(inputs), int(np.count_nonzero(inputs.any(axis=0)))
        each = _SPARSE if images >= _FEW else _SPARSE_FEW
        if each * nonzero * images + _CALL < live * kernel.shape[1] * images:
            return of_zeros(inputs)
        return live_product(inputs, kernel)

    return product
