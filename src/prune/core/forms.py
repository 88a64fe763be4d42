"""The forms a network is run in: the same answers, up to rounding, in different time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from prune.core.alive import shrink
from prune.core.network import Network, activation
from prune.core.products import live_product, look, product_of, rows_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Run = Callable[[np.ndarray], np.ndarray]  # images (n, inputs) -> logits (n, outputs)
Product = Callable[[np.ndarray], np.ndarray]  # inputs (n, inputs) -> inputs @ kernel, (n, units)
# BLAS takes up to a tenth longer for rows that are no multiple of 32 bytes.
_EVEN = 8


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


def mixed(network: Network) -> Run:
    """Cut what cannot matter, and multiply each layer as the model below says is fastest."""
    return _run(_evened(shrink(network)), _mixed)


def _evened(network: Network) -> Network:
    """Add units without any weights, until each hidden layer has a multiple of `_EVEN` of them."""
    odd = [0, *(-layer.kernel.shape[1] % _EVEN for layer in network[:-1]), 0]
    return tuple(
        layer._replace(
            kernel=_grown(layer.kernel, (inputs, units)),
            bias=None if layer.bias is None else _grown(layer.bias, (units,)),
        )
        for layer, (inputs, units) in zip(network, pairwise(odd), strict=True)
    )


def _grown(array: np.ndarray, by: tuple[int, ...]) -> np.ndarray:
    return np.pad(array, [(0, more) for more in by]) if any(by) else array


FORMS = {
    "dense": Form("every weight, zero or not", dense),
    "shrunk": Form("what cannot matter cut out, the rest dense", shrunk),
    "sparse": Form("what cannot matter cut out, the rest as compressed rows", sparse),
    "mixed": Form("layer by layer what should be fastest, as `prune` itself runs", mixed),
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
    rows = rows_of(kernel.T)
    single = _of_one_image(rows)

    def product(inputs: np.ndarray) -> np.ndarray:
        if len(inputs) == 1:
            return single(inputs)
        # Images last: SciPy adds a multiple of one unit's inputs, over all images, at a time.
        # What comes out is stored so that the next such product takes it as it is.
        return (rows @ inputs.T).T

    return product


def _of_one_image(rows: csr_array) -> Product:
    """Return the product with one image: (1, inputs) -> (1, units).

    SciPy's loop over the rows of one image takes less time than the checks around it, so that it
    is called without them where this SciPy has it in its old place.
    """
    try:
        from scipy.sparse._sparsetools import csr_matvec  # here, since it may be missing
    except ImportError:
        return lambda inputs: (rows @ inputs[0])[np.newaxis]

    def product(inputs: np.ndarray) -> np.ndarray:
        sums = np.zeros(rows.shape[0], rows.dtype)
        image = np.ascontiguousarray(inputs[0], rows.dtype)
        csr_matvec(*rows.shape, rows.indptr, rows.indices, rows.data, image, sums)
        return sums[np.newaxis]

    return product


# What the sparse product costs, in multiply-adds of the dense one, for many images and for few:
# each of its own, and each call; for many also each value, if they must be turned to have images
# last.  Measured by benchmarks/forms.py, the same for every run.
_FEW_IMAGES = 16
_SPARSE, _CALL, _TURNING = 7, 1_000_000, 30
_SPARSE_FEW, _CALL_FEW = 14, 70_000
# Below this share of the dense product's cost it is not worth asking which inputs are silent.
_SURELY = 0.25


def _mixed(kernel: np.ndarray) -> Product:
    """Return the dense product, or where it should take longer the sparse one.

    The dense one leaves out silent inputs, so that which is faster depends on the inputs; it
    does not depend on the clock, and the same inputs always give the same bits.
    """
    nonzero = int(np.count_nonzero(kernel))
    if _SPARSE * nonzero >= kernel.size:
        return lambda inputs: live_product(inputs, kernel)
    of_zeros = _sparse(kernel)
    for_few = of_zeros if _SPARSE_FEW * nonzero + _CALL_FEW < kernel.size else _dense(kernel)

    def product(inputs: np.ndarray) -> np.ndarray:
        images = len(inputs)
        if images < _FEW_IMAGES:
            return for_few(inputs)
        turning = 0 if inputs.flags.f_contiguous else _TURNING * inputs.size
        share = (_SPARSE * nonzero * images + turning + _CALL) / (kernel.size * images)
        live = None if share < _SURELY else look(inputs, kernel.shape[1])
        if share < (1 if live is None else live.share):
            return of_zeros(inputs)
        return product_of(inputs, kernel, live)

    return product
