"""What a sparse product costs, in multiply-adds of the dense one: the model behind `fastest`.

    python benchmarks/forms.py

Prints, for kernels of several shapes and shares of weights left, and for several numbers of
images, how many dense multiply-adds take the time of a sparse one, on one thread; the same for
inputs of which few are not zero; and what a call costs that has nothing to do.  The constants of
prune.core.forms and prune.core.products are rounded from the middle of these columns.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from prune.core import forms, products
from prune.experiments import timing
from prune.files import runs

SHAPES = [(784, 1000), (1000, 1000), (1000, 500), (500, 200)]
SHARES = [0.2, 0.1, 0.05, 0.03, 0.01]
IMAGES = [1, 16, 128, 500]


def ratios(rng: np.random.Generator, shape: tuple[int, int], images: int) -> list[float]:
    """Return the cost of a sparse multiply-add in dense ones, for each of SHARES."""
    full = rng.normal(size=shape).astype(np.float32)
    inputs = np.maximum(rng.normal(size=(images, shape[0])), 0).astype(np.float32)
    kernels = [np.where(rng.random(shape) < share, full, 0) for share in SHARES]
    products = [forms._dense(full), *map(forms._sparse, kernels)]
    dense, *sparse = timing.interleaved(products, [inputs] * 200, 21, lambda number: None)
    return [
        each.median() / np.count_nonzero(kernel) * full.size / dense.median()
        for each, kernel in zip(sparse, kernels, strict=True)
    ]


def singles(rng: np.random.Generator, shape: tuple[int, int], images: int) -> list[float]:
    """Return what a multiply-add with one value costs, in dense ones, for each of SHARES."""
    kernel = rng.normal(size=shape).astype(np.float32)
    everywhere = np.arange(shape[0])
    found = []
    for share in SHARES:
        values = rng.normal(size=(images, shape[0])).astype(np.float32)
        inputs = np.where(rng.random(values.shape) < share, values, 0)
        dense, single = timing.interleaved(
            [forms._dense(kernel), lambda x: products._compressed(x, everywhere) @ kernel],
            [inputs] * 50,
            21,
            lambda number: None,
        )
        found.append(single.median() / np.count_nonzero(inputs) * inputs.size / dense.median())
    return found


def main() -> None:
    """Print one line for each shape and number of images."""
    machine = runs.machine()
    rng = np.random.default_rng(0)
    print(f"{machine['cpu']}, one thread; share of weights left:", *SHARES)
    with threadpool_limits(1):
        for shape in SHAPES:
            for images in IMAGES:
                found = ratios(rng, shape, images)
                print(f"{shape!s:13} {images:4} images ", *(f"{each:6.1f}" for each in found))
        print("values of the inputs that are not zero:", *SHARES)
        for shape in SHAPES:
            found = singles(rng, shape, 500)
            print(f"{shape!s:13}  500 images ", *(f"{each:6.1f}" for each in found))
        full = rng.normal(size=(1000, 1000)).astype(np.float32)
        inputs = rng.normal(size=(1, 1000)).astype(np.float32)
        products = [forms._dense(full), forms._sparse(np.zeros((4, 4), np.float32))]
        dense, _ = timing.interleaved(products[:1] * 2, [inputs] * 200, 21, lambda number: None)
        (empty,) = timing.interleaved(products[1:], [inputs[:, :4]] * 200, 21, lambda number: None)
        print(f"a call that does nothing: {full.size * empty.median() / dense.median():,.0f}")


if __name__ == "__main__":
    main()
