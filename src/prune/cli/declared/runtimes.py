"""What the commands take that are about other runtimes, and times."""

from __future__ import annotations

from pathlib import Path

from prune import PruneError
from prune.cli.asked import Asked, Command
from prune.cli.declared import HIDDEN
from prune.settings.files import Out, Page, Save, Talk, Weights
from prune.settings.pruning import METHODS, Controls, Images, Pruning
from prune.settings.runtimes import Bench, Export

_MOST_ROUNDS = 1000


def _few_rounds(asked: Asked) -> None:
    rounds = asked.of(Bench).rounds
    if rounds > _MOST_ROUNDS:
        raise PruneError(f"--rounds {rounds:,} would take days; give at most {_MOST_ROUNDS:,}")
    if asked.of(Bench).keras and asked.of(Bench).runtime:
        raise PruneError(
            "--runtime names all that is timed; leave out --keras, or name keras in it"
        )


COMMANDS = (
    Command(
        "export",
        "export",
        "Put a network into the file of another runtime, hold what that answers against Keras, "
        "and tell what each form of the file weighs.",
        "prune export --to litert\n"
        "prune export mine.keras --data mine.npz --to onnx --save mine.onnx\n"
        "prune export small.keras --to litert --int8",
        (Export, Save, Weights, Images, Out, Talk),
        defaults={"out": Path("results/export")},
        helps={"save": {"required": False}},
    ),
    Command(
        "bench",
        "bench",
        "Time networks pruned by weight and by unit, at each k, in the dense, shrunk and sparse "
        "form and in the mixed one that `prune` itself runs, side by side.",
        "prune bench\nprune bench --k 80:99:1 --batch 1,32,1000\n"
        "prune bench --keras --k 0,70,90,97,99\n"
        "prune bench resnet8 --runtime litert,onnxruntime,openvino --k 50 --batch 1 --threads 1",
        (Pruning, Controls, Bench, Weights, Images, Out, Page, Talk),
        methods=METHODS,
        without=("method", "engine"),
        defaults={"out": Path("results/bench")},
        helps={"include_output": HIDDEN, "controls": HIDDEN},
        one_curve=True,
        check=_few_rounds,
    ),
)
