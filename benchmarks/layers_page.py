"""Say of every layer of Keras whether it is read from a file, and what of its units can be cut.

    python benchmarks/layers_page.py > docs/layers.md

Each stands between layers with units, as `tests/layers.py` has it; what is then cut is found by
tracing, and `tests/test_models_kinds.py` proves each cut.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]
os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")

from layers import CASES, UNITS, built  # noqa: E402
from prune.files.keras_layers import kinds, objects  # noqa: E402
from prune.models.trace import trace  # noqa: E402

HEAD = f"""# Layers of Keras, and what can be cut around them

"Read" says whether a model from a file may hold the layer: its settings are checked one by one and
put together anew, and what would run code of whoever made the file is refused. A model that is
built already may hold any layer.

"Before it" is how many of the {UNITS} units can be cut that a layer before makes and it reads, "its
own" how many of those that it makes itself, in the small models of `tests/layers.py`; 3 means that
units go two by two. Each cut is proved there, layer by layer. What stays, stays with what it is
tied to, and nothing else does; `prune inspect` says so for a model.

    python benchmarks/layers_page.py > docs/layers.md

| layer | read | before it | its own | stays, or is refused, since |
|---|---|---|---|---|
"""
TAIL = """
Layers that prepare what comes into a model stand before there are units. Between layers with units
they are not understood, and what they are given stays. They are read too:

"""


def layer_kinds(layers: Any) -> Iterator[type]:
    """Yield each class of layers once, by the name that it is exported by."""
    names = {}
    for name, kind in sorted(vars(layers).items()):
        if inspect.isclass(kind) and issubclass(kind, layers.Layer) and kind is not layers.Layer:
            names[kind] = name if kind not in names or name == kind.__name__ else names[kind]
    for kind, name in names.items():
        yield type(name, (kind,), {"__module__": kind.__module__})


def page(keras: Any) -> str:
    """Return the page."""
    every = {kind.__name__: kind for kind in layer_kinds(keras.layers)}
    lines = [_row(keras, name) for name in every if name in {*CASES, *objects.RUNS_CODE}]
    preparing = [name for name, kind in every.items() if _prepares(name, kind)]
    others = every.keys() - {*CASES, *objects.RUNS_CODE, *preparing}
    lines += [f"| {name} | {_read(name)} | | | {_OTHERS[name]} |" for name in sorted(others)]
    return HEAD + "".join(f"{line}\n" for line in lines) + TAIL + ", ".join(preparing) + ".\n"


# What stands in no graph by itself, or with nothing before it.
_OTHERS = {
    **dict.fromkeys(["LSTMCell", "GRUCell", "SimpleRNNCell"], "goes with the RNN around it"),
    "StackedRNNCells": "the RNN around it is not understood",
    "InputLayer": "an input has no units",
    "Wrapper": "is nothing by itself",
    "Embedding": "all units of its own can be cut",
    "ReversibleEmbedding": "its table is read in both directions",
    "ConvLSTM3D": "as ConvLSTM2D",
}


def _prepares(name: str, kind: type) -> bool:
    plain = name not in CASES and name not in objects.RUNS_CODE
    return plain and ".layers.preprocessing." in kind.__module__


def _read(name: str) -> str:
    return "yes" if name in kinds.LAYERS else "no"


def _row(keras: Any, name: str) -> str:
    if name not in CASES:
        return f"| {name} | no | | | {objects.RUNS_CODE[name]} |"
    found = trace(built(keras, name))
    own = {each: len(group.units) for each, group in found.groups.items()}
    before = own.pop("before", 0)
    beside = own.pop("beside", 0)
    tells = [each.reason for each in found.frozen if each.layer == "before"]
    reason = re.sub(r"it \(\w+\)", "it", tells[0]) if tells else ""
    cells = [f"{before} + {beside}" if beside else f"{before}", ", ".join(map(str, own.values()))]
    return f"| {name} | {_read(name)} | {' | '.join(cells)} | {reason} |"


if __name__ == "__main__":
    import keras

    sys.stdout.write(page(keras))
