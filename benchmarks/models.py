"""Prune half of the units of many architectures, and prove each result: makes `docs/models.md`.

    python benchmarks/models.py docs/models.md                 # all of them
    python benchmarks/models.py docs/models.md MobileNet ResN  # names that begin so; others stay

Each model is built, masked, shrunk and proved, with random weights, random normalisation statistics
and random gammas; its shrunk form is saved, and opened by stock Keras in another process, which
knows nothing of `prune`.  What is done stands on the page at once; what is interrupted can go on.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"
sys.path[:0] = [str(TESTS), str(ROOT / "src")]
os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")

from zoo import ZOO  # noqa: E402

CLASSES, SPARSITY, SECONDS = 10, 0.5, 3600
LARGE = 20_000_000  # weights, after which a process is begun anew, for its memory

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
weights, random normalisation statistics and random gammas, since what is near 0 or 1 would hide
mistakes. [Layers](layers.md) says what can be cut around each layer of Keras.

    python benchmarks/models.py docs/models.md                 # all of them
    python benchmarks/models.py docs/models.md MobileNet ResN  # names that begin so; others stay

Continuous integration proves the whole zoo and nine of the architectures anew, and the zoo and
every layer of Keras on PyTorch too.

| column | meaning |
|---|---|
| groups | of units that are ranked with each other |
| units | that can be cut, which may be several channels each |
| cut | half of each group |
| frozen | how many stay, and why |
| parameters, at k = 50 | of the model, and of the shrunk one |
| layer by layer | the largest difference of a layer of the shrunk model and that of the masked one, given what the masked one's was given, in float32 and before its activation, as a share of its largest value; 1e-5 is the limit |
| end to end | the same of the model's outputs, as logits |
| changed | how far masking moved the outputs, or the proof would prove nothing |
| reopened | how far the outputs are from those before, once the file of the shrunk model was opened by stock Keras in a process that knows nothing of `prune` |

End to end alone would be a weak proof: tests roll the inputs of every kernel of the zoo by one
channel, and comparing layer by layer sees each. `prune shrink` runs the same proof on images of
the test set before it saves. It asks whether Keras computes the same: where Keras does not, as on
TensorFlow with `channels_first` and a width that equals the number of filters, whose bias it then
adds along the width, the proof fails, and nothing is saved.

"""  # noqa: E501
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
)
TABLE = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n"


def main(argv: list[str]) -> int:
    """Measure the models whose names begin as said, each as soon as it is done."""
    if argv == ["--serve"]:
        return serve()
    page, begins = Path(argv[0]), tuple(argv[1:]) or ("",)
    measurer, opener = Child([__file__, "--serve"], ROOT / "src"), Child(["-c", _OPENER], TESTS)
    for name in [name for name in NAMES if name.startswith(begins)]:
        row = _row(name, _tried(name, measurer, opener))
        print(row, file=sys.stderr, flush=True)
        rows = {**_rows(page), name: row}  # read anew: another run may have written meanwhile
        page.write_text(told(rows))
    measurer.end()
    opener.end()
    return 0


def told(rows: dict[str, str]) -> str:
    """Return the page, which names what is not measured yet."""
    missing = [name for name in NAMES if name not in rows]
    rest = f"\nNot measured yet: {', '.join(missing)}.\n" if missing else ""
    return HEAD + TABLE + "".join(f"{rows[name]}\n" for name in NAMES if name in rows) + rest


def _rows(page: Path) -> dict[str, str]:
    """Return the rows that the page has, by model."""
    lines = page.read_text().splitlines() if page.exists() else []
    rows = {line.split("|")[1].strip(): line for line in lines if line.startswith("| ")}
    return {name: row for name, row in rows.items() if name in NAMES}


def _tried(name: str, measurer: Child, opener: Child) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        try:
            row = measurer.ask(name, folder)
            if "failed" not in row:
                row["reopened"] = opener.ask(name, folder)
        except Died as error:
            return {"failed": str(error)}
        if row.get("before", 0) > LARGE:
            measurer.end()
            opener.end()
        return row


class Died(Exception):
    """A process did not answer, for the reason that it gave last."""


class Child:
    """A process that is asked one thing after the other, and begun anew if it has ended."""

    def __init__(self, words: list[str], path: Path) -> None:
        """Take the arguments for Python, and where it finds modules."""
        self._words, self._path = words, path
        self._process: subprocess.Popen[str] | None = None

    def ask(self, name: str, folder: str) -> Any:
        """Return what it answers."""
        process = self._process = self._process or self._begun()
        pipes = process.stdin, process.stdout
        timer = threading.Timer(SECONDS, process.kill)
        timer.start()
        try:
            print(json.dumps([name, folder]), file=pipes[0], flush=True)
            answer = next(line for line in pipes[1] if line.startswith("ROW"))
        except (OSError, StopIteration) as error:
            self.end()
            raise Died(f"ended, or took more than {SECONDS} s") from error
        finally:
            timer.cancel()
        return json.loads(answer.removeprefix("ROW"))

    def _begun(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *self._words],
            env={**os.environ, "PYTHONPATH": str(self._path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def end(self) -> None:
        """Let it go, with its memory."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None


# A model with a class of the user's own opens where that is known.
_OPENER = """
import json, sys, keras, numpy as np, zoo
for line in sys.stdin:
    name, folder = json.loads(line)
    keras.utils.clear_session()
    if name in zoo.ZOO:
        zoo.ZOO[name](keras)
    assert "prune" not in sys.modules
    data = np.load(folder + "/answers.npz")
    model = keras.saving.load_model(folder + "/small.keras")
    inputs = [data[f"input_{i}"] for i in range(len(model.inputs))]
    graph = getattr(model, "_functional", model)
    given = keras.tree.pack_sequence_as(graph._inputs_struct, inputs)
    answers = [np.asarray(each) for each in keras.tree.flatten(model(given, training=False))]
    pairs = [(each, data[f"output_{i}"]) for i, each in enumerate(answers)]
    worst = max(np.abs(a - b).max() / (np.abs(a).max() or 1) for a, b in pairs)
    print("ROW" + json.dumps(float(worst)), flush=True)
"""


def serve() -> int:
    """Measure what is asked for on standard input, line by line."""
    for line in sys.stdin:
        name, folder = json.loads(line)
        try:
            answer = measured(name, Path(folder))
        except Exception as error:
            answer = {"failed": f"{type(error).__name__}: {error}"}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{name}: at most {peak:.1f} GB so far", file=sys.stderr, flush=True)
        print("ROW" + json.dumps(answer), flush=True)
    return 0


def measured(name: str, folder: Path) -> dict[str, Any]:
    """Build, halve and prove one model, and save its shrunk form with what it answers."""
    from prune.core import ranking, scopes, structure
    from prune.models import arrays, cut, keras_bridge, proof
    from prune.models.trace import trace

    keras = keras_bridge.import_keras()
    keras.utils.clear_session()
    model = _built(keras, name)
    found = trace(model)
    norms = structure.unit_norms(found, arrays.arrays(model))
    halves = scopes.SCOPES["layer"].cut(ranking.rank(norms), SPARSITY)
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
    outputs = [np.asarray(each) for each in keras.tree.flatten(small(given, training=False))]
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
