"""What only a few commands take; the others, to be quick, do not read it."""

from __future__ import annotations

from pathlib import Path

from prune.settings.fields import (
    COMMON,
    OUTPUT,
    REMOVED,
    again,
    declared,
    one_of,
    path,
    seeds,
    setting,
    share,
    sizes,
    text,
    truth,
    whole,
)
from prune.settings.files import BENCHED, LITERT, RUNTIMES
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
    compress: bool = setting(False, truth(), "deflate the arrays of an .h5", group=OUTPUT)


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


@declared
class Export:
    """A file for a runtime."""

    to: str = setting(
        LITERT,
        one_of(*RUNTIMES, metavar="RUNTIME"),
        f"what runs the file: {', '.join(RUNTIMES)}",
        required=True,
        group=COMMON,
    )
    int8: bool = setting(
        False,
        truth(),
        "keep weights and activations as whole numbers of a byte, by the ranges that are seen on "
        "training images (litert)",
        group=OUTPUT,
    )
    sparse: bool = setting(False, truth(), "leave zeros out of the file (litert)", group=OUTPUT)
    within: float = setting(
        1e-5,
        share(),
        "of the largest output: by how much any may differ from what Keras answers, but for int8",
        group=OUTPUT,
    )


@declared
class Bench:
    """What is timed, and how often."""

    batch: tuple[int, ...] = setting(
        (1, 1000), sizes()._replace(metavar="N,..."), "images at a time"
    )
    rounds: int = setting(21, whole(1), "how often each is timed")
    keras: bool = setting(False, truth(), "time the same networks in Keras beside them")
    runtime: str = setting(
        "",
        one_of(*BENCHED, metavar="NAME,..."),
        "instead, time the network as it is, masked and shrunk in each of these: "
        f"{', '.join(BENCHED)}; one-file forms of `prune export`, held against Keras first",
        commas=True,
    )
    within: float = again(
        Export, "within", about="with --runtime: of the largest output, by how much any may differ"
    )
    threads: int | None = setting(
        None, whole(1), "cores that all of them may use", usual="all there are"
    )


@declared
class Workers:
    """Who carries a study out, and where its networks are kept."""

    dry_run: bool = setting(
        False,
        truth(),
        "tell the grid, what is done already and how long the rest may take; do nothing",
    )
    fresh: bool = setting(False, truth(), "forget what is done; start over")
    jobs: int = setting(1, whole(1), "processes, which share the cores")
    scheduler: str | None = setting(
        None,
        text("ADDRESS"),
        "of a Dask cluster that carries out the cells, instead of --jobs",
    )
    networks: Path | None = setting(
        None,
        path("DIR"),
        "where trained networks are kept; several studies may share it",
        usual="in --out",
    )


@declared
class Depths:
    """Networks of several depths."""

    depths: tuple[int, ...] = setting(
        (1, 2, 3, 4, 5), seeds("--depths"), "numbers of hidden layers"
    )
    width: int = setting(300, whole(1), "units")
    seeds: tuple[int, ...] = setting((0, 1, 2, 3, 4), seeds(), "networks")
