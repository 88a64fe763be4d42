"""`prune train`: train the network that the other commands prune."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from prune import PruneError
from prune.cli import options, pictures, recipe
from prune.cli.console import Console
from prune.cli.parser import Parser

if TYPE_CHECKING:
    from prune.core.network import Network
    from prune.files.data import Data
    from prune.files.results import Epoch


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser: Parser = commands.add_parser(
        "train",
        help="train the network",
        description="Train a network with Keras: ReLU layers without biases, softmax, Adam.",
        examples="prune train --save weights.h5\n"
        "prune train --save quick.keras --epochs 1 --limit 1000\n"
        "prune train --save small.weights.h5 --hidden 300,100 --seed 1",
    )
    options.add_save(parser, ".weights.h5, .h5 or .keras")
    parser.add_argument(
        "--hidden",
        metavar="LIST",
        type=_sizes,
        default=[1000, 1000, 500, 200],
        help="units of the hidden layers (default: 1000,1000,500,200)",
    )
    parser.add_argument("--epochs", metavar="N", type=options.positive, default=10)
    recipe.add(parser, 32, "none")
    options.add_seed(parser)
    options.add_data(parser)
    options.add_out(parser, "train")
    options.add_common(parser)
    parser.set_defaults(parser=parser, module=__name__, command="train")


def _sizes(text: str) -> list[int]:
    return [options.positive(item) for item in text.split(",")]


def run(args: argparse.Namespace) -> int:
    """Check everything, train, save the network, write the course of it."""
    from prune.files import atomic, data, results, runs, weights
    from prune.training import fit

    console = Console(args.quiet)
    writer = weights.writer(args.save)
    options.refuse_overwriting(args)
    train = data.load(args.data, "train", args.limit, args.scale)
    test = data.load(args.data, "test", args.limit, args.scale)
    options.remark_scale(console, args.scale, train, test)
    classes = max(train.classes, test.classes)
    if classes < 2:
        raise PruneError(f"data {args.data}: there is one class only; nothing can be learnt")
    network = fit.initial([train.images.shape[1], *args.hidden, classes], args.seed)
    data.check_fits(test, network, args.data)
    runs.prove_writable(args.save.parent, "--save")
    runs.prove_writable(args.out, "--out")
    record = runs.Record(
        args.argv, options.settings(args), {"data": {"train": train.sha256, "test": test.sha256}}
    )
    with runs.recorded(args.out, record):
        network, epochs = _train(console, args, network, train, test)
        content = writer(network)
        atomic.write(args.save, content)
        record.results = {"saved": str(args.save), "sha256": weights.sha256(content)}
        record.results |= asdict(epochs[-1])
        atomic.write(args.out / "history.csv", results.to_csv(epochs, results.Epoch).encode())
        status = pictures.write(console, args.out, "history", lambda: _drawn(epochs))
    console.say(
        f"\nSaved {args.save}: {epochs[-1].test_accuracy:.2%} of {len(test.labels):,} right."
    )
    console.say(f"Files: {args.out}/ {{history.csv,png,svg  run.json}}")
    again = f"--weights {shlex.quote(str(args.save))}"
    if args.data != "mnist":
        again += f" --data {shlex.quote(args.data)}"
    if args.scale != args.parser.get_default("scale"):
        again += f" --scale {args.scale}"
    console.say(f"Next: prune compare {again}")
    return status


def _drawn(epochs: list[Epoch]) -> Any:
    from prune.views import plot

    return plot.history(epochs)


def _train(
    console: Console, args: argparse.Namespace, network: Network, train: Data, test: Data
) -> tuple[Network, list[Epoch]]:
    from prune.core import forms, measure
    from prune.files.results import Epoch
    from prune.training import fit

    asked = recipe.asked(args, args.epochs)
    epochs: list[Epoch] = []
    size = len(train.labels)
    with console.progress(args.epochs * size) as report:

        def on_batch(done: int) -> None:
            doing = f"epoch {len(epochs) + 1} of {args.epochs}"
            report(doing, len(epochs) * size + done, "")

        report("starting Keras", 0, "")
        course = fit.epochs(network, train.images, train.labels, asked, on_batch)
        for trained, loss, accuracy in course:
            seen = measure.evaluate(forms.dense(trained), test.images, test.labels)
            epoch = Epoch(len(epochs) + 1, loss, accuracy, seen.loss, seen.correct / seen.total)
            epochs.append(epoch)
            report(_line(epoch, args.epochs), len(epochs) * size, _line(epoch, args.epochs))
    return trained, epochs


def _line(epoch: Epoch, total: int) -> str:
    return (
        f"epoch {epoch.epoch} of {total}: loss {epoch.loss:.4f}, "
        f"accuracy {epoch.accuracy:.2%}, test accuracy {epoch.test_accuracy:.2%}"
    )
