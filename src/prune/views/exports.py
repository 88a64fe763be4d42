"""What a model weighs in the files of a runtime, as a table and a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from prune.core.measure import wilson
from prune.files.results import Conversion
from prune.views.tables import Table


def table(rows: Sequence[Conversion]) -> Table:
    """Return one line for each form; the one that was saved is marked."""
    by_accuracy = rows[0].accuracy is not None
    header = ["", "form", "bytes", "gzipped", "nonzero"]
    header += ["accuracy %", "95 % interval"] if by_accuracy else [rows[0].metric]
    header += ["difference", "same class"] if by_accuracy else ["difference"]
    note = (
        f"{rows[0].runtime}: the bytes of each form, as it is and in gzip; the weights of kernels "
        "that are not zero in it; what it answers itself, and its largest difference from Keras in "
        "any output."
    )
    return Table(header, [_line(row, by_accuracy) for row in rows], note)


def _line(row: Conversion, by_accuracy: bool) -> list[str]:
    line = ["*" if row.saved else "", row.form, f"{row.bytes:,}", f"{row.gzip_bytes:,}"]
    line.append(f"{row.nonzero:,}")
    if not by_accuracy:
        return [*line, f"{row.loss:.4g}", f"{row.difference:.2g}"]
    low, high = wilson(row.correct, row.total)
    line += [f"{100 * row.accuracy:.2f}", f"{100 * low:.2f} to {100 * high:.2f}"]
    return [*line, f"{row.difference:.2g}", f"{row.agreeing:,} of {row.total:,}"]


def conclusion(row: Conversion) -> str:
    """Say how the file that was saved compares with Keras, and whether zeros serve it."""
    same = f"{row.runtime} gives the class that Keras gives on {row.agreeing:,} of {row.total:,}"
    if row.accuracy is None:
        same = f"{row.runtime} differs from Keras by at most {row.difference:.2g}"
    zeros = 1 - row.nonzero / row.kernels if row.kernels else 0
    if zeros < 0.5 or "sparse" in row.form:
        return f"{same}."
    return (
        f"{same}. {zeros:.0%} of its kernels is zero, which makes the file {row.bytes:,} bytes "
        f"long all the same, {row.gzip_bytes:,} in gzip; removed units make it shorter, and faster."
    )
