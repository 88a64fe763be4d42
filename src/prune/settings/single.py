"""What few commands take; the others, to be quick, do not read it."""

from __future__ import annotations

from pathlib import Path

from prune.settings.fields import OUTPUT, REMOVED, declared, setting
from prune.settings.kinds import one_of, path, truth
from prune.settings.pruning import GAINS, THINGS


@declared
class File:
    """A file that the command is about."""

    file: Path | None = setting(None, path(), "", words=("file",), required=True)


@declared
class Folders:
    """Folders of runs."""

    folders: tuple[Path, ...] = setting(
        (), path("DIR"), "that runs have written", words=("folders",), required=True
    )


@declared
class Packing:
    """How small a saved network is packed."""

    float16: bool = setting(False, truth(), "halve the values of an .npz", group=OUTPUT)
    compress: bool = setting(
        False, truth(), "deflate the arrays of an .h5; what a .keras holds always is", group=OUTPUT
    )


@declared
class Allotting:
    """What is spread over the layers."""

    per: str = setting(
        THINGS,
        one_of(*GAINS, metavar="GAIN"),
        "what the k of the allocation are percents of, and what each layer's loss buys: things "
        "(weights or units), macs (multiply-adds) or bytes (of the file)",
        group=REMOVED,
    )
