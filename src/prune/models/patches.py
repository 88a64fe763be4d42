"""What each place of a convolution's output reads: patches of the input, at some places only.

Every axis of space has a table, (outputs, offsets): which entry of the input an output reads with
an offset of the kernel, or -1 for one that is not there, and is zero.  Tables of both kinds of
convolution, in any number of dimensions, are all that tells them apart.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Table = np.ndarray  # (outputs, offsets)


class Steps(NamedTuple):
    """How a kernel goes along one axis."""

    kernel: int
    stride: int
    dilation: int

    @property
    def reach(self) -> int:
        """How far apart its first and last offset are, and one more."""
        return (self.kernel - 1) * self.dilation + 1


def table(size: int, steps: Steps, padding: str) -> Table:
    """Return what a convolution reads along one axis.

    >>> table(4, Steps(3, 2, 1), "same").tolist()
    [[0, 1, 2], [2, 3, -1]]
    """
    kernel, stride, dilation = steps
    before, after = 0, 0
    if padding == "causal":
        before = steps.reach - 1
    if padding == "same":
        missing = max((-(-size // stride) - 1) * stride + steps.reach - size, 0)
        before, after = missing // 2, missing - missing // 2
    outputs = max((size + before + after - steps.reach) // stride + 1, 0)
    read = np.arange(outputs)[:, None] * stride + np.arange(kernel) * dilation - before
    return np.where((read >= 0) & (read < size), read, -1)


def transposed(outputs: int, steps: Steps, size: int, cut: int) -> Table:
    """Return what a transposed convolution reads along one axis.

    `cut` is how much of what it would put out is cut off in front.

    >>> transposed(4, Steps(2, 2, 1), 2, 0).tolist()
    [[0, -1], [-1, 0], [1, -1], [-1, 1]]
    """
    at = np.arange(outputs)[:, None] + cut - np.arange(steps.kernel) * steps.dilation
    read = at // steps.stride
    return np.where((at % steps.stride == 0) & (read >= 0) & (read < size), read, -1)


def tables(layer: Any, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> list[Table]:
    """Return the table of each axis of space, whose sizes are `inputs` and `outputs`."""
    axes = map(Steps, layer.kernel_size, layer.strides, layer.dilation_rate)
    found = zip(inputs, outputs, axes, strict=True)
    if not hasattr(layer, "output_padding"):
        return [table(size, steps, layer.padding) for size, _, steps in found]
    return [
        transposed(count, steps, size, _cut(layer.padding, size, count, steps))
        for size, count, steps in found
    ]


def _cut(padding: str, size: int, count: int, steps: Steps) -> int:
    """Return what a transposed convolution cuts off in front: half of what is too much."""
    if padding == "valid":
        return 0
    return max((size - 1) * steps.stride + steps.reach - count, 0) // 2


def gather(images: np.ndarray, axes: list[Table], places: np.ndarray) -> np.ndarray:
    """Return the patches of images (n, *space, channels) at places (n, p) of the output.

    Places are numbered along its axes of space together; the patches are (n p, offsets, channels).
    """
    number, *space, channels = images.shape
    at = np.unravel_index(places, [len(each) for each in axes])
    entries, there = np.zeros((*places.shape, 1), np.int64), np.ones((*places.shape, 1), bool)
    for each, index, size in zip(axes, at, space, strict=True):
        read = each[index][..., None, :]
        entries = (entries[..., None] * size + read).reshape(*places.shape, -1)
        there = (there[..., None] & (read >= 0)).reshape(*places.shape, -1)
    flat = images.reshape(number, -1, channels)
    found = flat[np.arange(number)[:, None, None], np.where(there, entries, 0)]
    found[~there] = 0
    return found.reshape(-1, *found.shape[2:])
