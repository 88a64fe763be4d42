"""A Keras model in the file of another runtime."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from prune import PruneError
from prune.api import asking, material, subject
from prune.api.subject import ModelOrPath
from prune.core import judge as judges
from prune.experiments import exporting
from prune.files import atomic, data
from prune.files.results import Conversion
from prune.runtimes.forms import Form, require
from prune.runtimes.table import RUNTIMES


def export(
    model: ModelOrPath,
    path: str | os.PathLike[str],
    examples: Any,
    *,
    int8: bool = False,
    sparse: bool = False,
    within: float = exporting.ROUNDING,
) -> Conversion:
    """Write a model for the runtime that the ending of `path` names, and return what it weighs.

    - `path`: `.tflite` for LiteRT, `.onnx` for ONNX Runtime, `.xml` for OpenVINO, which has a
      `.bin` beside it.
    - `examples`: (x, y), or a data set of such batches: the runtime must answer x as Keras does,
      before anything is written, and is measured on them.
    - `int8`: for LiteRT, weights and activations as whole numbers of a byte, by the ranges that are
      seen on x; `sparse`: for LiteRT, a file without zeros.
    - `within`: of the largest output, by how much any may differ from Keras', but for int8.  What
      the rounding of a deep model explains the refusal tells.

    Raises `PruneError` for what cannot be converted or differs, `EnvironmentFailure` where a
    package of the runtime is missing.
    """
    path, form = Path(path), Form(int8, sparse)
    named = {runtime.endings[0]: (name, runtime) for name, runtime in RUNTIMES.items()}
    if path.suffix not in named:
        raise PruneError(f"the ending of {path} names no runtime; give {', '.join(named)}")
    name, runtime = named[path.suffix]
    if form not in runtime.forms:
        raise PruneError(f"{runtime.title} files are {runtime.forms[0].name}, got {form.name}")
    require(runtime, name)
    given = subject.of(model)
    read = material.read(examples, "test", asking.names(given))
    seen = data.fitted(read, given.network, asking.NAME)
    judge = judges.classes(seen.labels) if seen.judge is None else seen.judge
    whole = exporting.original(given.network, seen.inputs, judge, seen.inputs)
    parts, row = exporting.exported(runtime, whole, form, True, within)
    for ending, content in reversed(parts.items()):  # last the one that names it
        atomic.write(path.with_suffix(ending), content)
    return row
