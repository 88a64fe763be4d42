"""Files for runtimes, and what is timed."""

from __future__ import annotations

from prune.settings.fields import COMMON, OUTPUT, again, declared, setting
from prune.settings.files import BENCHED, LITERT, RUNTIMES
from prune.settings.kinds import one_of, share, sizes, truth, whole


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
