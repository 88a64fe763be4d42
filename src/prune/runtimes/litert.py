"""LiteRT, formerly TensorFlow Lite: the runtime of phones."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from prune.core import inputs as core_inputs
from prune.core.inputs import Inputs
from prune.core.measure import Runs
from prune.models.ends import packed
from prune.models.late import Late, keras, silenced, tf
from prune.runtimes.forms import KERNEL, Form, Parts, Runtime, placed

_ENDING = ".tflite"
_litert = Late("ai_edge_litert.interpreter")
_SEEN = 300  # training examples, by which the ranges of activations are found


def _convert(model: keras.Model, form: Form, seen: Inputs) -> Parts:
    kinds = tf.lite.Optimize
    given: dict[str, Any] = {
        "optimizations": [kinds.DEFAULT] * form.int8 + [kinds.EXPERIMENTAL_SPARSITY] * form.sparse,
        # Without those of TensorFlow, which stock LiteRT does not have.
        "target_spec": {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]},
    }
    if form.int8:
        given["representative_dataset"] = lambda: _one_by_one(model, seen)
    with tempfile.TemporaryDirectory() as folder, silenced():
        path = Path(folder) / f"model{_ENDING}"
        model.export(path, "litert", verbose=False, **given)
        return {_ENDING: path.read_bytes()}


def _one_by_one(model: keras.Model, seen: Inputs) -> Iterator[list[np.ndarray]]:
    for place in range(min(_SEEN, core_inputs.count(seen))):
        one = core_inputs.part(seen, slice(place, place + 1))
        yield keras.tree.flatten(packed(model, one))


def _interpreter(parts: Parts, threads: int, **given: Any) -> Any:
    with silenced():  # it tells of its delegate
        return _litert.Interpreter(model_content=parts[_ENDING], num_threads=threads, **given)


def _opened(parts: Parts, threads: int) -> Runs:
    interpreter = _interpreter(parts, threads)
    ends = interpreter.get_signature_runner()
    places = {name: each["index"] for name, each in ends.get_input_details().items()}
    results = [each["index"] for _, each in sorted(ends.get_output_details().items())]
    shapes: list[tuple[int, ...]] = []

    def run(inputs: Inputs) -> list[np.ndarray]:
        given = placed(inputs, places)
        if shapes != [array.shape for _, array in given]:
            shapes[:] = [array.shape for _, array in given]
            for place, array in given:
                interpreter.resize_tensor_input(place, array.shape)
            with silenced():
                interpreter.allocate_tensors()
        for place, array in given:
            interpreter.set_tensor(place, array)
        interpreter.invoke()
        return [interpreter.get_tensor(place) for place in results]

    return run


def _kernels(parts: Parts) -> list[np.ndarray]:
    # A delegate would keep copies of its own.
    plain = _litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = _interpreter(parts, 1, experimental_op_resolver_type=plain)
    made = {place for step in interpreter._get_ops_details() for place in step["outputs"]}
    made |= {each["index"] for each in interpreter.get_input_details()}
    return [
        interpreter.get_tensor(each["index"])
        for each in interpreter.get_tensor_details()
        if each["index"] not in made and len(each["shape"]) >= KERNEL
    ]


LITERT = Runtime(
    "LiteRT",
    (_ENDING,),
    ("ai_edge_litert",),
    _convert,
    _opened,
    _kernels,
    (Form(), Form(sparse=True), Form(int8=True), Form(int8=True, sparse=True)),
)
