"""What a sparse product costs, in multiply-adds of the dense one: the model behind `fastest`.

    python benchmarks/forms.py

Prints, for kernels of several shapes and shares of weights left, and for several numbers of
images, how many dense multiply-adds take the time of a sparse one, on one thread; the same for
inputs of which few are not zero; what a call costs that has nothing to do, of one image and of
many, and what turning a value costs; and what finding and cutting out zeros does for each value
of the inputs.  The last two are timed on all cores, many images shared out as in a sweep.  The
constants of prune.core.forms and prune.core.products are rounded from the middle of these columns.
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


def cutting(rng: np.random.Generator, images: int, inputs: int, units: int) -> float:
    """Return what finding and cutting out zeros costs, for a value of the inputs, in dense ones."""
    kernel = rng.normal(size=(inputs, units)).astype(np.float32)
    seen = rng.normal(size=(images, inputs)).astype(np.float32)
    seen *= rng.random(seen.shape) < np.linspace(0, 1, inputs) ** 4  # few everywhere, most seldom
    costs = products._costs(np.array_split(seen, 2)[0])
    live = products.Live(costs, 0.0)

    def cut(some: np.ndarray) -> np.ndarray:
        products._costs(some)
        return products.product_of(some, kernel, live)

    with timing.on_all_cores(images) as share:
        runs = [share(forms._dense(kernel)), share(cut)]
        dense, both = timing.interleaved(runs, [seen] * 20, 21, lambda number: None)
    return units * (both.median() / dense.median() - float(costs.mean()))


def calls(rng: np.random.Generator) -> None:
    """Print what a call costs that has nothing to do, of one image and of many."""
    full = rng.normal(size=(1000, 1000)).astype(np.float32)
    for images in (1, 32, 500):
        inputs = rng.normal(size=(images, 1000)).astype(np.float32)
        empty = forms._sparse(np.zeros((4, 4), np.float32))
        turned = forms._sparse(np.zeros((1000, 4), np.float32))
        runs = [forms._dense(full), turned, lambda some, empty=empty: empty(some[:, :4])]
        with timing.on_all_cores(images) as share:
            ready = [share(run) for run in runs]
            dense, turning, none = timing.interleaved(ready, [inputs] * 50, 21, lambda number: None)
        unit = dense.median() / inputs.size / len(full)
        print(
            f"{images:4} images: a call that does nothing {none.median() / unit:,.0f}, "
            f"turning a value {(turning.median() - none.median()) / unit / inputs.size:.0f}"
        )


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
        calls(rng)
    print("cutting out zeros, images x inputs x units:")
    for images in (64, 200, 1000):
        for inputs in (200, 784):
            found = [cutting(rng, images, inputs, units) for units in (100, 200, 400)]
            print(f"{images:4} x {inputs:3} x 100, 200, 400", *(f"{each:6.0f}" for each in found))


if __name__ == "__main__":
    main()
