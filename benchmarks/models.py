"""Prune half of the units of many architectures, and prove each result: makes `docs/models.md`.

    python benchmarks/models.py docs/models.md            # all of them
    python benchmarks/models.py docs/models.md MobileNet  # names that begin so; other rows stay

All take an hour or two, and the largest 16 GB.  Each model is built, masked, shrunk and proved in a
process of its own, with random weights, random normalisation statistics and random gammas; its
shrunk form is saved, and opened by stock Keras in another one, which knows nothing of `prune`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]
os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")

from zoo import ZOO  # noqa: E402

CLASSES, SPARSITY, SECONDS = 10, 0.5, 3600

# Side of the images, small ones first; the weights are those of the architecture whatever it is.
APPLICATIONS = {
    "MobileNetV3Small": 64,
    "MobileNetV2": 64,
    "MobileNet": 64,
    "MobileNetV3Large": 64,
    "EfficientNetB0": 64,
    "EfficientNetV2B0": 64,
    "EfficientNetB1": 64,
    "EfficientNetV2B1": 64,
    "EfficientNetB2": 64,
    "EfficientNetV2B2": 64,
    "DenseNet121": 64,
    "NASNetMobile": 64,
    "ResNet50": 64,
    "ResNet50V2": 64,
    "InceptionV3": 75,
    "Xception": 71,
    "EfficientNetB3": 64,
    "EfficientNetV2B3": 64,
    "DenseNet169": 64,
    "DenseNet201": 64,
    "VGG16": 32,
    "VGG19": 32,
    "ConvNeXtTiny": 64,
    "EfficientNetV2S": 64,
    "EfficientNetB4": 64,
    "ResNet101": 64,
    "ResNet101V2": 64,
    "ConvNeXtSmall": 64,
    "EfficientNetB5": 64,
    "InceptionResNetV2": 75,
    "ResNet152": 64,
    "ResNet152V2": 64,
    "EfficientNetB6": 64,
    "EfficientNetV2M": 64,
    "EfficientNetB7": 64,
    "ConvNeXtBase": 64,
    "NASNetLarge": 96,
    "EfficientNetV2L": 64,
    "ConvNeXtLarge": 64,
    "ConvNeXtXLarge": 64,
}
NAMES = [*APPLICATIONS, *ZOO]

HEAD = """# What can be pruned in which model

Half of the units of every group, those of smallest norm, are removed from each of the 40
architectures of `keras.applications` and from a zoo of hard cases (`tests/zoo.py`), with random
weights, random normalisation statistics and random gammas. The shrunk model is compared with the
masked one **layer by layer**: each layer on what the masked one was given, in float32, before its
activation; and at the end, on logits. The figures are the largest difference as a share of the
layer's largest value; 1e-5 is the limit. "Changed" is how far masking moved the outputs. The shrunk
model is then saved, and opened by stock Keras in a fresh process that knows nothing of `prune`;
"reopened" is how far its outputs are from those before.

    python benchmarks/models.py docs/models.md            # all of them
    python benchmarks/models.py docs/models.md MobileNet  # names that begin so; other rows stay

Groups are units that are ranked with each other; units that are frozen stay, for the reason given.
End to end alone would be a weak proof: tests roll the inputs of every kernel of the zoo by one
channel, and comparing layer by layer sees each.

"""
COLUMNS = (
    "model",
    "groups",
    "units",
    "cut",
    "frozen",
    "parameters",
    "at k = 50",
    "layer by layer",
    "end to end",
    "changed",
    "reopened",
    "seconds",
)
TABLE = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n"


def main(argv: list[str]) -> int:
    """Measure the models whose names begin as said, or one of them in this process."""
    if argv[0] == "--one":
        print("ROW" + json.dumps(measured(argv[1], Path(argv[2]))))
        return 0
    page, begin = Path(argv[0]), argv[1] if len(argv) > 1 else ""
    rows = _rows(page)
    for name in [name for name in NAMES if name.startswith(begin)]:
        rows[name] = _row(name, _tried(name))
        print(rows[name], file=sys.stderr, flush=True)
        page.write_text(HEAD + TABLE + "".join(f"{rows[name]}\n" for name in NAMES if name in rows))
    return 0


def _rows(page: Path) -> dict[str, str]:
    """Return the rows that the page has, by model."""
    lines = page.read_text().splitlines() if page.exists() else []
    rows = {line.split("|")[1].strip(): line for line in lines if line.startswith("| ")}
    return {name: row for name, row in rows.items() if name in NAMES}


def _tried(name: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        command = [sys.executable, __file__, "--one", name, folder]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        lines = [line for line in done.stdout.splitlines() if line.startswith("ROW")]
        if done.returncode or not lines:
            return {"failed": (done.stderr.strip().splitlines() or ["killed"])[-1]}
        row = json.loads(lines[-1].removeprefix("ROW"))
        row["seconds"] = time.perf_counter() - started
        code = (_CUSTOM if name in ZOO else "") + _REOPEN
        path = os.pathsep.join([str(ROOT / "tests")] if name in ZOO else [])
        command = [sys.executable, "-c", code, folder, name]
        environment = {**os.environ, "PYTHONPATH": path}
        opened = subprocess.run(
            command, capture_output=True, text=True, env=environment, check=False
        )
        wrong = (opened.stderr.strip().splitlines() or [""])[-1]
        row["reopened"] = float(opened.stdout.split()[-1]) if not opened.returncode else wrong
        return row


# A model with a class of the user's own opens where that is known.
_CUSTOM = """
import sys, keras, zoo
zoo.ZOO[sys.argv[2]](keras)
"""
_REOPEN = """
import sys, keras, numpy as np
data = np.load(sys.argv[1] + "/answers.npz")
model = keras.saving.load_model(sys.argv[1] + "/small.keras")
inputs = [data[f"input_{i}"] for i in range(len(model.inputs))]
graph = getattr(model, "_functional", model)
given = keras.tree.pack_sequence_as(graph._inputs_struct, inputs)
answers = keras.tree.flatten(model.predict(given, verbose=0))
before = [data[f"output_{i}"] for i in range(len(answers))]
print(max(np.abs(a - b).max() / (np.abs(a).max() or 1) for a, b in zip(answers, before)))
"""


def measured(name: str, folder: Path) -> dict[str, Any]:
    """Build, halve and prove one model, and save its shrunk form with what it answers."""
    from prune.core import masks, structure
    from prune.models import arrays, cut, keras_bridge, proof
    from prune.models.trace import trace

    keras = keras_bridge.import_keras()
    model = _built(keras, name)
    found = trace(model)
    halves = masks.per_layer(
        masks.rank(structure.unit_norms(found, arrays.arrays(model))), SPARSITY
    )
    small = cut.shrunk(model, halves)
    told = proof.prove(cut.masked(model, halves), small, halves, original=model)
    _save(keras, small, folder)
    return {
        "groups": len(found.groups),
        "units": sum(len(group.units) for group in found.groups.values()),
        "cut": sum(int((~mask).sum()) for mask in halves.values()),
        "frozen": [[each.units, each.reason] for each in found.frozen],
        "before": model.count_params(),
        "after": small.count_params(),
        "layers": told.worst.share,
        "end": told.end,
        "changed": told.changed,
    }


def _built(keras: Any, name: str) -> Any:
    from random_models import randomised

    if name in ZOO:
        return randomised(ZOO[name](keras))
    side = APPLICATIONS[name]
    build = getattr(keras.applications, name)
    return randomised(build(weights=None, input_shape=(side, side, 3), classes=CLASSES))


def _save(keras: Any, small: Any, folder: Path) -> None:
    import numpy as np

    from prune.models.inputs import examples

    inputs = examples(small)
    graph = getattr(small, "_functional", small)
    given = keras.tree.pack_sequence_as(graph._inputs_struct, inputs)
    outputs = keras.tree.flatten(small.predict(given, verbose=0))
    np.savez(
        folder / "answers.npz",
        **{f"input_{i}": each for i, each in enumerate(inputs)},
        **{f"output_{i}": each for i, each in enumerate(outputs)},
    )
    small.save(folder / "small.keras")


def _row(name: str, row: dict[str, Any]) -> str:
    if "failed" in row:
        return f"| {name} | failed: {row['failed'][:200]} |" + " |" * (len(COLUMNS) - 2)
    reopened = row["reopened"]
    cells = [
        name,
        f"{row['groups']:,}",
        f"{row['units']:,}",
        f"{row['cut']:,}",
        _reasons(row["frozen"]),
        f"{row['before']:,}",
        f"{row['after']:,}",
        f"{row['layers']:.1e}",
        f"{row['end']:.1e}",
        f"{row['changed']:.0%}",
        f"{reopened:.1e}" if isinstance(reopened, float) else reopened[:200],
        f"{row['seconds']:.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


def _reasons(frozen: list[tuple[int, str]]) -> str:
    """Say how many units stay for each kind of reason, whichever layer gives it."""
    counts: dict[str, int] = {}
    for units, reason in frozen:
        kind = re.sub(r"\S+ \((\w+)\)", r"\1", reason)
        counts[kind] = counts.get(kind, 0) + units
    return "; ".join(f"{count:,}: {kind}" for kind, count in counts.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
