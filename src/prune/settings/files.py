"""What is read, where results go, and what is said."""

from __future__ import annotations

from pathlib import Path

from prune.settings.fields import COMMON, OUTPUT, declared, setting
from prune.settings.kinds import names, one_of, path, text, truth, whole
from prune.settings.pruning import KERAS, NUMPY

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


@declared
class Talk:
    """How much is said; every command takes it."""

    quiet: bool = setting(
        False, truth(), "print results and errors only", group=OUTPUT, words=("-q", "--quiet")
    )
    debug: bool = setting(False, truth(), "show the traceback of an error", group=OUTPUT)


@declared
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


@declared
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


@declared
class Out:
    """Where files go, and what is printed."""

    out: Path | None = setting(None, path("DIR"), "where files go", group=COMMON)
    format: str = setting(
        TABLE,
        one_of(*FORMATS, metavar="F"),
        f"printed on stdout: {', '.join(FORMATS)}",
        group=OUTPUT,
    )


@declared
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


@declared
class Picture:
    """What a picture shows."""

    x: str = setting(
        BY_K,
        one_of(*AXES, metavar="AXIS"),
        f"what the picture shows accuracy against: {', '.join(AXES)}",
        group=OUTPUT,
    )


@declared
class Save:
    """A network to write."""

    save: Path | None = setting(None, path(), "the file to write", required=True, group=COMMON)
    force: bool = setting(False, truth(), "overwrite FILE if it exists", group=OUTPUT)
