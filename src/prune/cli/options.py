"""Options that mean the same in every command, defined once."""

from __future__ import annotations

import argparse
import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any

from prune import PruneError

DEFAULT_K = "0,25,50,60,70,80,90,95,97,99"
FORMATS = ("table", "csv", "json", "markdown")
_MOST_POINTS = 10_000


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add what every command takes."""
    parser.add_argument("-q", "--quiet", action="store_true", help="print results and errors only")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add which images to use, and how many."""
    parser.add_argument(
        "--data",
        metavar="NAME or FILE",
        default="mnist",
        help="mnist, fashion-mnist, an .npz with x_train, y_train, x_test, y_test, "
        "or a folder of IDX files (default: mnist)",
    )
    parser.add_argument(
        "--limit", metavar="N", type=positive, help="only the first N images of each split"
    )


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
        type=Path,
        default=Path("results") / command,
        help=f"where files go (default: results/{command})",
    )


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add which network to prune."""
    parser.add_argument(
        "--weights", metavar="FILE", type=Path, help="network to prune (default: the shipped one)"
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


def add_format(parser: argparse.ArgumentParser, formats: tuple[str, ...] = FORMATS) -> None:
    """Add what is printed on stdout."""
    parser.add_argument(
        "--format",
        metavar="F",
        choices=formats,
        default=formats[0],
        help=f"printed on stdout: {', '.join(formats)} (default: {formats[0]})",
    )


def add_k(parser: argparse.ArgumentParser) -> None:
    """Add the list of percents to prune."""
    parser.add_argument(
        "--k",
        metavar="LIST",
        nargs="+",
        default=[DEFAULT_K],
        help=f"percents to remove: `0,25,50`, `0 25 50`, `0:90:10` or mixed (default: {DEFAULT_K})",
    )


def sparsities(tokens: list[str]) -> list[Fraction]:
    """Turn what `--k` was given into sparsities, ascending, each once.

    >>> sparsities(["0:50:25", "99.9"])
    [Fraction(0, 1), Fraction(1, 4), Fraction(1, 2), Fraction(999, 1000)]
    """
    items = [item for item in re.split(r"[,\s]+", " ".join(tokens)) if item]
    if not items:
        raise PruneError("--k is an empty list; give percents such as 0,25,50")
    found = sorted({percent / 100 for item in items for percent in _expand(item)})
    outside = [sparsity for sparsity in found if not 0 <= sparsity <= 1]
    if outside:
        raise PruneError(f"--k takes percents from 0 to 100, got {float(100 * outside[0]):g}")
    return found


def _expand(item: str) -> list[Fraction]:
    """Expand `start:stop:step`, both ends included; a single number stands for itself."""
    bounds = [_percent(part, item) for part in item.split(":")]
    if len(bounds) == 1:
        return bounds
    if len(bounds) != 3 or bounds[2] <= 0 or bounds[1] < bounds[0]:
        raise PruneError(f"--k takes ranges as start:stop:step, such as 0:90:10, got {item!r}")
    start, stop, step = bounds
    points = int((stop - start) / step) + 1
    if points > _MOST_POINTS:
        raise PruneError(f"--k {item} would be {points:,} points; use a larger step")
    return [start + i * step for i in range(points)]


def _percent(text: str, item: str) -> Fraction:
    try:
        number = Decimal(text.removesuffix("%"))
    except InvalidOperation:
        raise PruneError(f"--k takes percents such as 0,25,50 or 0:90:10, got {item!r}") from None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise PruneError(f"--k takes percents from 0 to 100, got {item!r}")
    return Fraction(number)


def hint(found: list[Fraction]) -> str | None:
    """Return a remark where somebody may have meant a fraction and given a percent."""
    small = [sparsity for sparsity in found if 0 < sparsity <= Fraction(1, 100)]
    if not small or found[-1] > Fraction(1, 100):
        return None
    k = float(100 * small[0])
    return f"k is in percent: {k:g} removes {k:g} %; for {100 * k:g} % give --k {100 * k:g}"


def positive(text: str) -> int:
    """Parse a whole number from 1."""
    return _whole(text, 1)


def seed(text: str) -> int:
    """Parse a whole number from 0."""
    return _whole(text, 0)


def _whole(text: str, least: int) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) < least:
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
    return {**given, **paths, **resolved}
