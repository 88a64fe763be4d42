"""The commands: what each is for, and what can be asked of it.  None is imported by this."""

from __future__ import annotations

from argparse import SUPPRESS
from dataclasses import fields
from pathlib import Path

from prune import PruneError
from prune.cli.asked import Asked, Command
from prune.settings import lists
from prune.settings.fields import percents
from prune.settings.files import (
    JSON,
    TABLE,
    Activation,
    Bench,
    Depths,
    Export,
    File,
    Folders,
    Out,
    Packing,
    Page,
    Picture,
    Save,
    Seeds,
    Talk,
    Weights,
    Workers,
)
from prune.settings.pruning import METHODS, UNIT, WEIGHT, Allotting, Controls, Images, Pruning
from prune.settings.recipe import Retraining, Training
from prune.settings.search import Budget, Effort, Gate

_HIDDEN = {"help": SUPPRESS}  # to be refused with its reason
_MOST_ROUNDS = 1000
_DEEPEST = 50


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


def _depths(asked: Asked) -> None:
    depths = sorted(asked.of(Depths).depths)
    if not 1 <= depths[0] <= depths[-1] <= _DEEPEST:
        raise PruneError(
            f"--depths takes numbers from 1 to {_DEEPEST}, got {lists.seeds_again(depths)}"
        )
    if asked.of(Pruning).k[0] != 0:
        raise PruneError("--k must hold 0: the largest k is told from what no pruning gives")


def _single_network(asked: Asked) -> None:
    """Refuse with --seeds what is of one network."""
    if asked.of(Seeds).seeds is None:
        if "model" in asked.given:
            raise PruneError(
                "--model names the network that --seeds trains; give --seeds too, or --weights "
                "NAME or FILE for one that is trained"
            )
        return
    for option, _ in asked.set():
        if option.owner in (Weights, Picture, Gate):
            raise PruneError(
                f"--seeds trains networks of its own and prunes them alike; leave out {option.word}"
            )


def _sweep(name: str, methods: tuple[str, ...], short: str, about: str) -> Command:
    return Command(
        name,
        "sweep",
        short,
        about,
        f"prune {name}\n"
        f"prune {name} --k 0,25,50,90\n"
        f"prune {name} --criterion activation,obs --repair lstsq\n"
        f"prune {name} --weights mine.keras --data mine.npz --k 0:90:10\n"
        f"prune {name} --k 50 --max-drop 1\n"
        f"prune {name} --format csv > {name}.csv",
        (Pruning, Controls, Weights, Seeds, Images, Retraining, Gate, Out, Picture, Page, Talk),
        methods=methods,
        without=("method",),
        # No unit of the output can go.
        helps={"include_output": _HIDDEN} if UNIT in methods else {},
        defaults={"out": Path("results") / name},
        check=_single_network,
    )


COMMANDS = (
    _sweep(
        "weight",
        (WEIGHT,),
        "set the weights of smallest magnitude to zero",
        "Set the weights of smallest magnitude to zero, at each k, and measure accuracy.",
    ),
    _sweep(
        "unit",
        (UNIT,),
        "remove the units of smallest L2 norm",
        "Remove the units whose kernel columns have the smallest L2 norm, at each k, and measure "
        "accuracy.",
    ),
    _sweep(
        "compare",
        METHODS,
        "both, in one table and one picture",
        "Prune by weight and by unit, and show both in one table and one picture.",
    ),
    Command(
        "sensitivity",
        "sensitivity",
        "prune each layer alone, and suggest how far each should go",
        "Prune each layer alone, at each k, and suggest how far to prune each for the least loss "
        "on training images.",
        "prune sensitivity\n"
        "prune sensitivity --method unit --repair lstsq --per macs\n"
        "prune weight --k-map results/sensitivity/allocation.json",
        (Pruning, Allotting, Controls, Weights, Images, Out, Page, Talk),
        defaults={"out": Path("results/sensitivity")},
        helps={"controls": _HIDDEN},
        one_curve=True,
    ),
    Command(
        "study",
        "studies",
        "many networks pruned in many ways, with intervals",
        "Train networks, prune them in many ways, and tell the spread. Again: what is missing.",
        "prune study studies/replication.toml --dry-run\n"
        "prune study studies/replication.toml --jobs 2\n"
        "prune study studies/methods.toml --scheduler tcp://127.0.0.1:8786",
        (File, Out, Workers, Page, Talk),
    ),
    Command(
        "depth",
        "depth",
        "prune networks of several depths",
        "Train networks of several depths, of equal width and of equally many parameters, and "
        "tell how far each can be pruned: a study, which goes on where it was.",
        "prune depth --dry-run\nprune depth --jobs 2\n"
        "prune depth --depths 1-3 --seeds 0-9 --width 100",
        (Depths, Training, Pruning, Workers, Images, Out, Page, Talk),
        without={each.name for each in (*fields(Training), *fields(Pruning))}
        - {"k", "epochs", "batch_size"},
        defaults={"out": Path("results/depth"), "batch_size": 128, "k": percents().typed("0:98:2")},
        check=_depths,
    ),
    Command(
        "criteria",
        "criteria",
        "list the criteria",
        "List the criteria: how weights or units can be ranked for removal.",
        "prune criteria\nprune criteria --format json",
        (Out, Talk),
        without=("out",),
        choices={"format": (TABLE, JSON)},
    ),
    Command(
        "shrink",
        "shrink",
        "prune, and save a network that really is smaller",
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
            "controls": _HIDDEN,
            "k": {"metavar": "PERCENT", "nargs": 1, "help": "percent to remove, such as 90"},
        },
        one_curve=True,
        check=_one_k,
    ),
    Command(
        "search",
        "search",
        "the best network within a budget of accuracy, bytes, work or time",
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
        "a file for LiteRT, ONNX Runtime or OpenVINO",
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
        "time pruned networks: dense, shrunk and sparse",
        "Time networks pruned by weight and by unit, at each k, in the dense, shrunk and sparse "
        "form and in the mixed one that `prune` itself runs, side by side.",
        "prune bench\nprune bench --k 80:99:1 --batch 1,32,1000\n"
        "prune bench --keras --k 0,70,90,97,99\n"
        "prune bench resnet8 --runtime litert,onnxruntime,openvino --k 50 --batch 1 --threads 1",
        (Pruning, Controls, Bench, Weights, Images, Out, Page, Talk),
        methods=METHODS,
        without=("method", "engine"),
        defaults={"out": Path("results/bench")},
        helps={"include_output": _HIDDEN, "controls": _HIDDEN},
        one_curve=True,
        check=_few_rounds,
    ),
    Command(
        "train",
        "train",
        "train the network",
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
        "show what is in a weights file",
        "Show what is in a weights file, without running anything.",
        "prune inspect weights.h5\nprune inspect model.keras --format json",
        (File, Activation, Out, Talk),
        without=("out",),
        choices={"format": (TABLE, JSON)},
    ),
    Command(
        "report",
        "pages",
        "one page to share, of what runs have written",
        "Make one HTML page of the folders of runs: figures, curves, the model drawn, tables and "
        "an evaluation card. Several folders stand side by side.",
        "prune report results/compare\n"
        "prune report results/compare results/weight-criteria results/sensitivity\n"
        "prune report results/compare --out shared\n"
        "prune report results/compare --log mlflow",
        (Folders, Out, Page, Talk),
        without=("format", "html"),
        helps={"folders": {"nargs": "+"}},
    ),
    Command(
        "rerun",
        "rerun",
        "repeat a run from its run.json, and compare",
        "Repeat a run of weight, unit, compare or sensitivity as its run.json tells, and compare "
        "every count with its table. Exit status 1 if any differs.",
        "prune rerun results/compare/run.json\nprune rerun results/compare/run.json --out again",
        (File, Gate, Out, Talk),
        without=("format",),
    ),
)
