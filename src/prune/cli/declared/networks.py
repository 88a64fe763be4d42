"""Commands about one network, other than to prune it as asked: what each takes."""

from __future__ import annotations

from pathlib import Path

from prune import PruneError
from prune.cli.asked import Asked, Command
from prune.cli.declared import HIDDEN
from prune.settings.files import JSON, TABLE, Activation, Out, Page, Save, Talk, Weights
from prune.settings.pruning import METHODS, Controls, Images, Pruning
from prune.settings.recipe import Retraining, Training
from prune.settings.search import Budget, Effort
from prune.settings.work import Allotting, Bench, Export, File, Packing

_MOST_ROUNDS = 1000


def _one_k(asked: Asked) -> None:
    if len(asked.of(Pruning).k) > 1:
        raise PruneError("shrink takes one --k, such as --k 90")


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
        "sensitivity",
        "sensitivity",
        "Prune each layer alone, at each k, and suggest how far to prune each for the least loss "
        "on training images.",
        "prune sensitivity\n"
        "prune sensitivity --method unit --repair lstsq --per macs\n"
        "prune weight --k-map results/sensitivity/allocation.json",
        (Pruning, Allotting, Controls, Weights, Images, Out, Page, Talk),
        defaults={"out": Path("results/sensitivity")},
        helps={"controls": HIDDEN},
        one_curve=True,
    ),
    Command(
        "shrink",
        "shrink",
        "Prune to one k, physically remove what no longer matters, prove that the answers are the "
        "same, and save.",
        "prune shrink --method unit --k 70 --save small.keras\n"
        "prune shrink --method unit --criterion obs --k 90 --save small.weights.h5\n"
        "prune shrink --method weight --k 95 --save small.npz --float16",
        (Pruning, Controls, Save, Packing, Weights, Images, Retraining, Out, Page, Talk),
        without=("log",),  # it has no rows
        defaults={"out": Path("results/shrink")},
        choices={"format": (TABLE, JSON)},
        helps={
            "controls": HIDDEN,
            "k": {"metavar": "PERCENT", "nargs": 1, "help": "percent to remove, such as 90"},
        },
        one_curve=True,
        check=_one_k,
    ),
    Command(
        "search",
        "search",
        "Look for the smallest network that loses little, or the best that is small or fast "
        "enough, by every criterion; it is chosen by training examples that are held out.",
        "prune search --max-drop 1\n"
        "prune search mine.keras --data mine.npz --under 500KB\n"
        "prune search resnet8.keras --macs 50 --method unit\n"
        "prune search --faster 2x --minutes 10\n"
        "prune search lenet5 --max-drop 0.5 --retrain 2 --minutes 30\n"
        "prune search resnet8 --max-drop 1 --method unit --then weight",
        (Budget, Effort, Pruning, Save, Weights, Images, Retraining, Out, Page, Talk),
        methods=METHODS,
        without=("k", "k_map", "include_output", "start", "rewind", "ramp_from"),
        defaults={"out": Path("results/search")},
        helps={
            "save": {"required": False},
            "method": {"help": "weight or unit (default: both)"},
            "criterion": {"help": "how things are ranked (default: in every way there is)"},
            "repair": {"help": "how what is left is refit (default: in every way there is)"},
            "retrain": {
                "help": "then train networks along the best curve of each method, further than it "
                "went, for so many epochs each, or by the best known recipe: best"
            },
        },
        check=lambda asked: asked.of(Budget).check(),
    ),
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
    Command(
        "train",
        "train",
        "Train a network with Keras: the home network, ReLU layers without biases, or another of "
        "the zoo, by a recipe of its own; what is given goes before it.",
        "prune train --save weights.h5\n"
        "prune train --model resnet8 --save resnet8.keras\n"
        "prune train --save quick.keras --epochs 1 --limit 1000\n"
        "prune train --save small.weights.h5 --hidden 300,100 --seed 1",
        (Training, Save, Images, Out, Talk),
        without=("format",),
        defaults={"out": Path("results/train")},
    ),
    Command(
        "inspect",
        "inspect",
        "Show what is in a weights file, without running anything.",
        "prune inspect weights.h5\nprune inspect model.keras --format json",
        (File, Activation, Out, Talk),
        without=("out",),
        choices={"format": (TABLE, JSON)},
    ),
)
