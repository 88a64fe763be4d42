"""ONNX Runtime, and files of the exchange format ONNX."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from prune.core.inputs import Inputs
from prune.core.measure import Runs
from prune.models.late import Late, keras, silenced
from prune.runtimes.forms import KERNEL, Form, Parts, Runtime, placed

_ENDING = ".onnx"
_onnx, _helper, onnxruntime = map(Late, ("onnx", "onnx.numpy_helper", "onnxruntime"))


def _convert(model: keras.Model, form: Form, seen: Inputs) -> Parts:
    with tempfile.TemporaryDirectory() as folder, silenced():
        path = Path(folder) / f"model{_ENDING}"
        model.export(str(path), "onnx", verbose=False)
        return {_ENDING: path.read_bytes()}


def _opened(parts: Parts, threads: int) -> Runs:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        parts[_ENDING], options, providers=["CPUExecutionProvider"]
    )
    names = {entry.name: entry.name for entry in session.get_inputs()}

    def run(inputs: Inputs) -> list[np.ndarray]:
        return session.run(None, dict(placed(inputs, names)))

    return run


def _kernels(parts: Parts) -> list[np.ndarray]:
    constants = _onnx.load_model_from_string(parts[_ENDING]).graph.initializer
    return [array for array in map(_helper.to_array, constants) if array.ndim >= KERNEL]


ONNX = Runtime(
    "ONNX Runtime",
    (_ENDING,),
    ("onnxruntime", "onnx", "tf2onnx"),
    _convert,
    _opened,
    _kernels,
)
