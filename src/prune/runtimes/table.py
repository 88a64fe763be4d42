"""The runtimes by the names that people give."""

from __future__ import annotations

from prune.runtimes.forms import Runtime
from prune.runtimes.litert import LITERT
from prune.runtimes.onnx import ONNX
from prune.runtimes.openvino import OPENVINO
from prune.settings import files

RUNTIMES: dict[str, Runtime] = {
    files.LITERT: LITERT,
    files.ONNX: ONNX,
    files.OPENVINO: OPENVINO,
}
