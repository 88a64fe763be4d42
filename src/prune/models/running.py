"""Models on examples with answers: how much they get right, or how far off they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from enum import Enum
from threading import Lock

import numpy as np

from prune.core import inputs as core_inputs
from prune.core import measure
from prune.core.inputs import Inputs
from prune.core.judge import Judge
from prune.core.losses import BINARY, ON_LOGITS
from prune.core.measure import CHUNK, Difference, Evaluation, Map, Runs, Sums
from prune.models import ends
from prune.models.folding import Folded
from prune.models.late import keras
from prune.models.net import KERAS, Net

_SMALLEST = 1e-7  # of a probability, as Keras clips them


class _Scale(Enum):
    """What the numbers of an output are, where a loss wants logits."""

    LOGITS = 0
    PROBABILITIES = 1  # of classes, that sum to 1
    ODDS = 2  # each of a class of its own


class Engine:
    """Evaluates the networks that are pruned from one; several threads may call it at once."""

    def __init__(self, whole: Net, inputs: Inputs, judge: Judge, threads: int = 1) -> None:
        """Take the inputs, of the shapes of the model's, n at least 1; `threads` share them."""
        self._inputs, self._judge, self._whole = inputs, judge, whole
        self._pool = ThreadPoolExecutor(threads)
        self._turn = Lock()  # of the model of all units
        self._runner: Folded | None = None  # of all units
        self._scales: list[_Scale] = []

    def __call__(self, network: Net) -> Evaluation:
        """Evaluate a network, in its shrunk form if that is smaller."""
        small = network.shrunk()
        with self._turn if small.kept.all() else nullcontext():
            with KERAS:
                outputs = self._prepared(small)
            # Meanwhile others may build and look at models, but where a backend has one state.
            with nullcontext() if _is_shared() else KERAS:
                return _judged(outputs, self._inputs, self._judge, self._scales, self._shared)

    def _prepared(self, network: Net) -> Runs:
        if not self._scales:  # asked of the whole network once
            self._scales = _scales(self._outputs(self._whole), self._inputs, self._judge)
        return self._outputs(network)

    def _shared(self, chunk: Callable[[int], Sums], starts: Iterable[int]) -> list[Sums]:
        """Let threads take chunks: TensorFlow alone keeps cores busy with narrow layers only half.

        The first compiles the model for all.  Other backends have states that are not to be shared.
        """
        first, *others = starts
        over = self._pool.map if _is_shared() else map
        return [chunk(first), *over(chunk, others)]

    def _outputs(self, network: Net) -> Runs:
        if not network.kept.all():
            return runs(network.built)
        if self._runner is None:
            self._runner = self._whole.folded()
        return runs(self._runner.take(network.arrays))


def _is_shared() -> bool:
    """Tell whether threads may run models at once."""
    return keras.backend.backend() == "tensorflow"


def forms(network: Net) -> dict[str, Runs]:
    """Return what runs a network with all its units, and without those that cannot matter."""
    whole = dataclasses.replace(network, kept=np.ones_like(network.kept))
    with KERAS:
        return {"dense": direct(whole.model()), "shrunk": direct(network.shrunk().model())}


def direct(model: keras.Model) -> Runs:
    """Return what answers a batch of any size, compiled for each."""
    return lambda some: ends.unpacked(model.predict_on_batch(ends.packed(model, some)))


def judged(outputs: Runs, original: Runs, inputs: Inputs, judge: Judge) -> Evaluation:
    """Evaluate whatever gives outputs that mean the same as those of the `original`."""
    return _judged(outputs, inputs, judge, _scales(original, inputs, judge))


def _judged(
    outputs: Runs, inputs: Inputs, judge: Judge, scales: list[_Scale], over: Map = map
) -> Evaluation:
    return measure.judged(
        lambda some: [
            _logits(each, scale) for each, scale in zip(outputs(some), scales, strict=True)
        ],
        inputs,
        judge,
        over,
    )


def _scales(outputs: Runs, inputs: Inputs, judge: Judge) -> list[_Scale]:
    """Return what the numbers of each output are."""
    answers = outputs(core_inputs.part(inputs, slice(CHUNK)))
    return [
        _scale(given, wanted.loss) for given, wanted in zip(answers, judge.outputs, strict=True)
    ]


def runs(model: keras.Model) -> Runs:
    """Return what gives the outputs of at most a chunk of inputs."""

    def run(some: Inputs) -> list[np.ndarray]:
        number = core_inputs.count(some)
        if number < CHUNK:  # of one size, or another would be compiled
            some = core_inputs.mapped(some, lambda array: _filled(array, CHUNK))
        answers = model.predict_on_batch(ends.packed(model, some))
        return [each[:number] for each in ends.unpacked(answers)]

    return run


def _filled(array: np.ndarray, number: int) -> np.ndarray:
    missing = np.zeros((number - len(array), *array.shape[1:]), array.dtype)
    return np.concatenate([array, missing])


def _scale(answers: np.ndarray, loss: str) -> _Scale:
    """Tell probabilities by what they are: none is below 0 or above 1, and they sum to 1."""
    if loss not in ON_LOGITS or not ((answers >= 0).all() and (answers <= 1).all()):
        return _Scale.LOGITS
    if loss == BINARY:
        return _Scale.ODDS
    sums = answers.sum(axis=-1)
    return _Scale.PROBABILITIES if np.allclose(sums, 1, atol=1e-2) else _Scale.LOGITS


def _logits(answers: np.ndarray, scale: _Scale) -> np.ndarray:
    if scale is _Scale.LOGITS:
        return answers
    logs = np.log(np.maximum(answers, _SMALLEST))
    return (
        logs if scale is _Scale.PROBABILITIES else logs - np.log(np.maximum(1 - answers, _SMALLEST))
    )


def compare(first: Net, second: Net, inputs: Inputs, policy: str | None = None) -> Difference:
    """Compare the outputs of two networks on inputs of their shapes, n at least 1.

    They compute as `policy` says, `"float64"`, or as they are.
    """
    with KERAS:
        models = [each.precise(policy) if policy else each.model() for each in (first, second)]
        return measure.differing(*map(runs, models), inputs)
