"""Options that mean the same in every command, defined once."""

from __future__ import annotations

import argparse
import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prune import PruneError
from prune.cli.console import Console
from prune.core import lists
from prune.core.spelling import closest

if TYPE_CHECKING:
    from prune.files.data import Data
    from prune.files.weights import WeightsFile

DEFAULT_K = "0,25,50,60,70,80,90,95,97,99"
FORMATS = ("table", "csv", "json", "markdown")


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add what every command takes."""
    parser.add_argument("-q", "--quiet", action="store_true", help="print results and errors only")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.add_argument(
        "--version",
        action="store_true",
        default=argparse.SUPPRESS,
        help="show versions and exit",
    )


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add which images to use, and how many."""
    parser.add_argument(
        "--data",
        metavar="NAME or FILE",
        type=named,
        default="mnist",
        help="mnist, fashion-mnist, an .npz with x_train, y_train, x_test, y_test, "
        "or a folder of IDX files (default: mnist)",
    )
    parser.add_argument(
        "--limit", metavar="N", type=positive, help="only the first N images of each split"
    )
    parser.add_argument(
        "--scale",
        metavar="S",
        choices=SCALES,
        default=SCALES[0],
        help="255: divide images by 255; none: take them as they are; auto: divide whole numbers, "
        "take decimals as they are (default: auto)",
    )


SCALES = ("auto", "none", "255")


def remark_scale(console: Console, scale: str, *splits: Data) -> None:
    """Say what was done to images that are no bytes, unless that was asked for."""
    if scale != SCALES[0]:
        return
    for stored, divisor in dict.fromkeys((each.stored, each.divisor) for each in splits):
        if stored != "uint8":
            done = "taken as they are" if divisor == 1 else f"divided by {divisor}"
            console.say(f"note: the images are {stored} and were {done} (--scale to change)")


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add the seed of everything random."""
    parser.add_argument(
        "--seed", metavar="N", type=seed, default=0, help="everything random (default: 0)"
    )


def add_out(parser: argparse.ArgumentParser, command: str) -> None:
    """Add the folder for files."""
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=path,
        default=Path("results") / command,
        help=f"where files go (default: results/{command})",
    )


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add which network to prune."""
    parser.add_argument(
        "--weights", metavar="FILE", type=path, help="network to prune (default: the shipped one)"
    )
    add_activation(parser)


def add_activation(parser: argparse.ArgumentParser) -> None:
    """Add what a weights-only file does not tell."""
    parser.add_argument(
        "--activation",
        metavar="NAME",
        default="relu",
        help="of the hidden layers, for weights files that do not tell (default: relu)",
    )
    parser.add_argument(
        "--isolate",
        action="store_true",
        help="read the weights file in a child process that can do nothing else",
    )


def remark_unused_activation(
    args: argparse.Namespace, console: Console, source: WeightsFile
) -> None:
    """Say so where an activation is given for a file that tells its own."""
    given = any(word.partition("=")[0] == "--activation" for word in args.argv)
    if given and not source.assumed:
        console.say(
            f"note: --activation {args.activation} is not used: the file tells its activations"
        )


def add_format(parser: argparse.ArgumentParser, formats: tuple[str, ...] = FORMATS) -> None:
    """Add what is printed on stdout."""
    parser.add_argument(
        "--format",
        metavar="F",
        choices=formats,
        default=formats[0],
        help=f"printed on stdout: {', '.join(formats)} (default: {formats[0]})",
    )


METHODS = ("weight", "unit")


def add_method(parser: argparse.ArgumentParser) -> None:
    """Add whether single weights go or whole units."""
    parser.add_argument(
        "--method",
        metavar="M",
        choices=METHODS,
        default=METHODS[0],
        help="weight or unit (default: weight)",
    )


def add_save(parser: argparse.ArgumentParser, formats: str) -> None:
    """Add the file to write."""
    parser.add_argument(
        "--save", metavar="FILE", type=path, required=True, help=f"the file to write: {formats}"
    )
    parser.add_argument("--force", action="store_true", help="overwrite FILE if it exists")


def refuse_overwriting(args: argparse.Namespace) -> None:
    """Refuse to save over what is there, unless forced."""
    if args.save.is_dir():
        raise PruneError(f"{args.save} is a folder; give --save the name of a file")
    if args.save.exists() and not args.force:
        raise PruneError(f"{args.save} exists; give --force to overwrite it, or another --save")


def add_k(parser: argparse.ArgumentParser) -> None:
    """Add the list of percents to prune."""
    parser.add_argument(
        "--k",
        metavar="LIST",
        nargs="+",
        default=[DEFAULT_K],
        help=f"percents to remove: `0,25,50`, `0 25 50`, `0:90:10` or mixed (default: {DEFAULT_K})",
    )


def add_pruning(parser: argparse.ArgumentParser) -> None:
    """Add how things are ranked, how far each layer goes, and what is done to what is left."""
    parser.add_argument(
        "--criterion",
        metavar="NAME,...",
        type=names,
        default=[],
        help="how things are ranked; several give several curves; `prune criteria` lists them "
        "(default: magnitude for weights, norm for units)",
    )
    parser.add_argument(
        "--scope",
        metavar="S",
        choices=SCOPES,
        default=SCOPES[0],
        help="layer: each layer loses k percent; network: all are ranked together (default: layer)",
    )
    parser.add_argument(
        "--floor",
        metavar="PERCENT",
        type=percent,
        default=Fraction(1, 100),
        help="of each layer, that --scope network takes last (default: 1)",
    )
    parser.add_argument(
        "--k-map",
        metavar="FILE",
        type=path,
        help="how far each layer goes at each k, as `prune sensitivity` writes it; "
        "instead of --scope",
    )
    parser.add_argument(
        "--keep", metavar="LAYER,...", type=names, default=[], help="leave these layers alone"
    )
    parser.add_argument(
        "--include-output", action="store_true", help="prune the weights of the output layer too"
    )
    parser.add_argument(
        "--repair",
        metavar="R,...",
        type=repairs,
        default=[REPAIRS[0]],
        help="none, or lstsq: refit what is left by least squares, without training; both give "
        "both curves (default: none)",
    )
    parser.add_argument(
        "--calibration",
        metavar="N",
        type=positive,
        default=20_000,
        help="training images that criteria and repair may look at (default: 20000)",
    )
    parser.add_argument(
        "--controls", action="store_true", help="add random pruning, for every curve to beat"
    )


SCOPES = ("layer", "network")
REPAIRS = ("none", "lstsq")


def repairs(text: str) -> list[str]:
    """Parse names of repairs."""
    for name in names(text):
        if name not in REPAIRS:
            hint = closest(name, REPAIRS)
            raise argparse.ArgumentTypeError(
                f"unknown repair {name!r}{hint}; choose from {', '.join(REPAIRS)}"
            )
    return list(dict.fromkeys(names(text))) or [REPAIRS[0]]


def names(text: str) -> list[str]:
    """Parse names with commas between."""
    return [name for name in text.split(",") if name]


def sparsities(tokens: list[str]) -> list[Fraction]:
    """Turn what `--k` was given into sparsities, ascending, each once."""
    return lists.sparsities(" ".join(tokens), "--k")


def percent(text: str) -> Fraction:
    """Parse a percent as the share it is."""
    try:
        return lists.percent(text, text, "a percent") / 100
    except PruneError:
        raise argparse.ArgumentTypeError(
            f"expected a percent from 0 to 100, got {text!r}"
        ) from None


def hint(found: list[Fraction]) -> str | None:
    """Return a remark where somebody may have meant a fraction and given a percent."""
    small = [sparsity for sparsity in found if 0 < sparsity <= Fraction(1, 100)]
    if not small or found[-1] > Fraction(1, 100):
        return None
    k = float(100 * small[0])
    given, meant = f"{k:.15g}", f"{100 * k:.15g}"
    return f"k is in percent: {given} removes {given} %; for {meant} % give --k {meant}"


def named(text: str) -> str:
    """Parse the name of a file, a folder or a data set."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"expected the name of a file or folder, got {text!r}")
    return text


def path(text: str) -> Path:
    """Parse the name of a file or folder."""
    return Path(named(text))


def positive(text: str) -> int:
    """Parse a whole number from 1."""
    return _whole(text, 1)


def sizes(text: str) -> list[int]:
    """Parse whole numbers from 1 with commas between, each once, ascending."""
    return sorted({positive(part) for part in text.split(",")})


def seed(text: str) -> int:
    """Parse a whole number from 0."""
    return _whole(text, 0)


def _whole(text: str, least: int) -> int:
    if not re.fullmatch(r"\d{1,15}", text, re.ASCII) or int(text) < least:
        raise argparse.ArgumentTypeError(f"expected a whole number from {least}, got {text!r}")
    return int(text)


# What the parser carries besides options.
_INTERNAL = {"parser", "module", "methods", "argv", "version", "quiet", "debug"}


def settings(args: argparse.Namespace, **resolved: Any) -> dict[str, Any]:
    """Return every option's value, defaults too, as JSON can hold it.

    `resolved` replaces what was typed by what it came to mean.
    """
    given = {name: value for name, value in vars(args).items() if name not in _INTERNAL}
    paths = {name: str(value) for name, value in given.items() if isinstance(value, Path)}
    # As they are typed.
    percents = {
        name: float(100 * value) for name, value in given.items() if isinstance(value, Fraction)
    }
    return {**given, **paths, **percents, **resolved}
