"""A network -> the file of a runtime, held against Keras on real examples."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from prune import PruneError
from prune.core import anatomy, inputs, measure
from prune.core.inputs import Inputs
from prune.core.judge import Judge
from prune.core.measure import CHUNK, Difference, Runs
from prune.experiments.engines import cores
from prune.files.results import Conversion
from prune.models import keras_bridge, running
from prune.models.net import KERAS
from prune.runtimes.forms import Form, Parts, Runtime, packed, size

# The largest difference of outputs, relative to the largest output, that rounding explains in all
# but deep models.
ROUNDING = 1e-5
_ROOM = 2  # times what was seen, since other inputs round otherwise


class Original(NamedTuple):
    """A model as Keras has it, and what it answers."""

    model: Any
    kernels: int  # weights of kernels
    fed: Inputs  # test examples, n
    judge: Judge  # what the answers are held against
    answers: list[np.ndarray]  # (n, ...), an array for each output
    seen: Inputs  # training examples, for int8; there may be none


class Exported(NamedTuple):
    """A model in the files of a runtime, and what that makes of it."""

    parts: Parts
    row: Conversion


def original(network: Any, fed: Inputs, judge: Judge, seen: Inputs) -> Original:
    """Return a network and what Keras makes of what it is fed."""
    model = keras_model(network)
    weights = sum(kernel.size for kernel in anatomy.of(network).kernels().values())
    with KERAS:
        answers = _answers(running.runs(model), fed)
    return Original(model, weights, fed, judge, answers, seen)


def keras_model(network: Any) -> Any:
    """Return a network as Keras has it, without the units that are not kept."""
    return keras_bridge.build(network) if anatomy.is_chain(network) else network.model()


def opened(runtime: Runtime, model: Any, seen: Inputs) -> Runs:
    """Return what answers in a runtime, as a Keras model that has been called does."""
    why = f"the model cannot be had for {runtime.title}"
    with KERAS:
        parts = _or_refuse(why, lambda: runtime.convert(model, Form(), seen))
    run = _or_refuse(why, lambda: runtime.opened(parts, cores()))
    return lambda some: _or_refuse(why, lambda: run(some))


def exported(
    runtime: Runtime, whole: Original, form: Form, saved: bool, within: float = ROUNDING
) -> Exported:
    """Return a model in the files of a runtime; `PruneError` says why it cannot be had.

    But for int8 its answers are those of Keras, `within` a share of the largest, or it is refused.
    """
    if form.int8 and not inputs.count(whole.seen):
        raise PruneError("int8 needs training images, by which ranges are found; give x_train")
    why = f"the model cannot be had as {form.name} for {runtime.title}"
    with KERAS:
        parts = _or_refuse(why, lambda: runtime.convert(whole.model, form, whole.seen))
    outputs = _or_refuse(why, lambda: _answers(runtime.opened(parts, cores()), whole.fed))
    places = np.arange(inputs.count(whole.fed))
    ours, theirs = _recalled(whole.answers), _recalled(outputs)
    difference = measure.differing(ours, theirs, places)
    if not form.int8:
        check(difference, places.size, within, f"{runtime.title} {{}}; nothing was saved")
    evaluation = running.judged(theirs, ours, places, whole.judge)
    row = Conversion(
        runtime=runtime.title,
        form=form.name,
        saved=saved,
        bytes=size(parts),
        gzip_bytes=packed(parts),
        kernels=whole.kernels,
        nonzero=sum(int(np.count_nonzero(kernel)) for kernel in runtime.kernels(parts)),
        accuracy=evaluation.accuracy,
        correct=evaluation.correct,
        total=evaluation.total,
        loss=evaluation.loss,
        metric=evaluation.metric,
        difference=difference.largest,
        scale=difference.scale,
        agreeing=difference.agreeing,
    )
    return Exported(parts, row)


def check(found: Difference, total: int, within: float, told: str) -> None:
    """Refuse answers to `total` examples that are further than `within` from those of Keras.

    `told` is the sentence of it, with a place for by how much.
    """
    scale = max(1.0, found.scale)
    if found.largest <= within * scale:
        return
    said = told.format(
        f"differs from Keras by {found.largest:.3g} in an output, more than {within:g} of the "
        f"largest, which is {found.scale:.3g}"
    )
    if found.largest < scale:  # else, or if it is no number, that is not the answer of this model
        enough = one_digit(_ROOM * found.largest / scale)
        said += (
            f". It has the class of Keras on {found.agreeing:,} of {total:,}: if that is the "
            f"rounding of a deep model, --within {enough:g} accepts it"
        )
    raise PruneError(said)


def one_digit(number: float) -> float:
    """Return the next number above that has a single digit.

    >>> one_digit(2.59e-5)
    3e-05
    """
    unit = 10.0 ** math.floor(math.log10(number))
    return float(f"{(math.floor(number / unit) + 1) * unit:.0e}")


def _or_refuse(why: str, do: Callable[[], Any]) -> Any:
    try:
        return do()
    except (PruneError, ImportError, MemoryError):
        raise
    except Exception as error:  # whatever a converter or a runtime raises of a layer or an operator
        told = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise PruneError(f"{why}: {told}") from error


def _answers(runs: Runs, fed: Inputs) -> list[np.ndarray]:
    starts = range(0, inputs.count(fed), CHUNK)
    parts = [runs(inputs.part(fed, slice(start, start + CHUNK))) for start in starts]
    return [np.concatenate(each) for each in zip(*parts, strict=True)]


def _recalled(answers: list[np.ndarray]) -> Runs:
    """Return what gives answers by their places."""
    return lambda places: [each[places] for each in answers]
