"""What is read, where results go, and who carries a study out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prune.settings.fields import (
    COMMON,
    OUTPUT,
    again,
    names,
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
from prune.settings.pruning import KERAS, NUMPY
from prune.settings.recipe import Training

FORMATS = TABLE, CSV, JSON, MARKDOWN = ("table", "csv", "json", "markdown")
RUNTIMES = LITERT, ONNX, OPENVINO = ("litert", "onnx", "openvino")
TRACKERS = MLFLOW, WANDB, TENSORBOARD = ("mlflow", "wandb", "tensorboard")
ONNXRUNTIME = "onnxruntime"
# What a network can be timed in, and of those that run a file which of the former it is.
BENCHED = LITERT, ONNXRUNTIME, OPENVINO, KERAS, NUMPY
FILES_OF = {LITERT: LITERT, ONNXRUNTIME: ONNX, OPENVINO: OPENVINO}
AXES = BY_K, BY_PARAMETERS, BY_MACS, BY_BYTES, BY_TIME = (
    "k",
    "parameters",
    "macs",
    "bytes",
    "time",
)


@dataclass(frozen=True)
class Talk:
    """How much is said; every command takes it."""

    quiet: bool = setting(
        False, truth(), "print results and errors only", group=OUTPUT, words=("-q", "--quiet")
    )
    debug: bool = setting(False, truth(), "show the traceback of an error", group=OUTPUT)


@dataclass(frozen=True)
class Activation:
    """How a weights file is read."""

    activation: str = setting(
        "relu", text("NAME"), "of the hidden layers, for weights files that do not tell"
    )
    isolate: bool = setting(
        False,
        truth(),
        "read the file, of a chain of Dense layers, in a child process that can do nothing else",
    )
    trust: tuple[str, ...] = setting(
        (),
        names("MODULE:NAME,..."),
        "classes of yours that the model file may name, such as mylayers:Scale,Shift",
    )


@dataclass(frozen=True)
class Weights(Activation):
    """The network to prune, from a file."""

    weights: Path | None = setting(
        None,
        path(),
        "network to prune: a file, or mnist, lenet5 or resnet8, which are in the package; it may "
        "stand right after the command, too",
        group=COMMON,
        usual="the shipped one",
    )
    seed: int = setting(0, whole(0), "everything random")


@dataclass(frozen=True)
class Seeds:
    """Networks to prune, trained for it."""

    seeds: tuple[int, ...] | None = setting(
        None,
        seeds(),
        "instead of one network, train those of the reference recipe with these seeds, such as "
        "0-4 (minutes each; kept in results/networks), and tell the spread; `prune study` does "
        "more",
    )
    model: str = again(Training, "model", about="with --seeds: the network of the zoo to train")


@dataclass(frozen=True)
class Out:
    """Where files go, and what is printed."""

    out: Path | None = setting(None, path("DIR"), "where files go", group=COMMON)
    format: str = setting(
        TABLE,
        one_of(*FORMATS, metavar="F"),
        f"printed on stdout: {', '.join(FORMATS)}",
        group=OUTPUT,
    )


@dataclass(frozen=True)
class Page:
    """What is written to be shared."""

    html: bool = setting(
        False, truth(), "write report.html too: one page to share, as `prune report`", group=OUTPUT
    )
    log: str = setting(
        "",
        one_of(*TRACKERS, metavar="TRACKER,..."),
        f"hand the rows, settings and versions over to {', '.join(TRACKERS)}",
        group=OUTPUT,
        commas=True,
    )


@dataclass(frozen=True)
class Picture:
    """What a picture shows."""

    x: str = setting(
        BY_K,
        one_of(*AXES, metavar="AXIS"),
        f"what the picture shows accuracy against: {', '.join(AXES)}",
        group=OUTPUT,
    )


@dataclass(frozen=True)
class Save:
    """A network to write."""

    save: Path | None = setting(None, path(), "the file to write", required=True, group=COMMON)
    force: bool = setting(False, truth(), "overwrite FILE if it exists", group=OUTPUT)


@dataclass(frozen=True)
class Packing:
    """How small a saved network is packed."""

    float16: bool = setting(False, truth(), "halve the values of an .npz", group=OUTPUT)
    compress: bool = setting(False, truth(), "deflate the arrays of an .h5", group=OUTPUT)


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Depths:
    """Networks of several depths."""

    depths: tuple[int, ...] = setting(
        (1, 2, 3, 4, 5), seeds("--depths"), "numbers of hidden layers"
    )
    width: int = setting(300, whole(1), "units")
    seeds: tuple[int, ...] = setting((0, 1, 2, 3, 4), seeds(), "networks")


@dataclass(frozen=True)
class Folders:
    """Folders of runs."""

    folders: tuple[Path, ...] = setting(
        (), path("DIR"), "that runs have written", words=("folders",), required=True
    )


@dataclass(frozen=True)
class File:
    """A file that the command is about."""

    file: Path | None = setting(None, path(), "", words=("file",), required=True)
