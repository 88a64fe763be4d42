"""OpenVINO, Intel's runtime: two files, of a graph and of its weights."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from prune.core.inputs import Inputs
from prune.core.measure import Runs
from prune.models.late import Late, keras, silenced
from prune.runtimes.forms import KERNEL, Form, Parts, Runtime, placed

_ENDINGS = (".xml", ".bin")
openvino = Late("openvino")


def _convert(model: keras.Model, form: Form, seen: Inputs) -> Parts:
    with tempfile.TemporaryDirectory() as folder, silenced():
        path = Path(folder) / f"model{_ENDINGS[0]}"
        model.export(str(path), "openvino", verbose=False)
        return {ending: path.with_suffix(ending).read_bytes() for ending in _ENDINGS}


def _read(parts: Parts) -> tuple[Any, Any]:
    core = openvino.Core()
    return core, core.read_model(*(parts[ending] for ending in _ENDINGS))


def _opened(parts: Parts, threads: int) -> Runs:
    core, model = _read(parts)
    # Some processors would compute in bfloat16 unasked.
    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    names = {entry.any_name: entry.any_name for entry in model.inputs}
    ready: dict[tuple[Any, ...], Any] = {}  # for the shapes that were asked for last

    def run(inputs: Inputs) -> list[np.ndarray]:
        given = dict(placed(inputs, names))
        shapes = tuple(array.shape for array in given.values())
        if shapes not in ready:  # what is compiled for one shape is faster than for any
            ready.clear()
            model.reshape({name: list(array.shape) for name, array in given.items()})
            request = core.compile_model(model, "CPU", settings).create_infer_request()
            # To ask a request for its memory takes as long as a small layer: once is enough.
            taken = {name: request.get_tensor(name).data for name in given}
            made = [request.get_output_tensor(i).data for i in range(len(model.outputs))]
            ready[shapes] = request, taken, made
        request, taken, made = ready[shapes]
        for name, array in given.items():
            taken[name][...] = array
        request.infer(share_outputs=True)
        return [array.copy() for array in made]

    return run


def _kernels(parts: Parts) -> list[np.ndarray]:
    _, model = _read(parts)
    constants = (step.get_data() for step in model.get_ops() if step.get_type_name() == "Constant")
    return [array for array in constants if array.ndim >= KERNEL]


OPENVINO = Runtime("OpenVINO", _ENDINGS, ("openvino",), _convert, _opened, _kernels)
