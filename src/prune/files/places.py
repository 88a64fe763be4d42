"""Where files of networks are: those of the package have names."""

from __future__ import annotations

from pathlib import Path

from prune import PruneError
from prune.files import accidents, regular
from prune.settings.spelling import closest

# The networks that come with the package, by the names that stand for their files.
SHIPPED = {"mnist": "mnist.weights.h5", "lenet5": "lenet5.keras", "resnet8": "resnet8.keras"}


def located(path: Path) -> Path:
    """Return the path of a file, which may be the name of a network of the package."""
    name = str(path)
    return shipped(name) if name in SHIPPED else path


def shipped(name: str = "mnist") -> Path:
    """Return the path of a trained network that comes with the package: of the home network."""
    package = Path(__file__).parents[1]
    installed = package / "weights" / SHIPPED[name]
    # In a checkout the weights stand beside src; the wheel carries a copy inside the package.
    return installed if installed.exists() else package.parents[1] / "weights" / installed.name


def content(path: Path) -> bytes:
    """Return the content of a file of weights; `PruneError` says what else `path` is."""
    try:
        if accidents.is_shard(path):
            raise PruneError("is a part of a sharded checkpoint; save the model as one .keras file")
        return regular.read(path)
    except regular.Folder:
        raise PruneError(f"weights {path}: {accidents.of_folder(path)}") from None
    except regular.Missing as error:
        meant = closest(str(path), SHIPPED)
        told = f"weights {path}: {error}{meant}; `prune train --save {path}` makes one"
        raise PruneError(told) from error
    except PruneError as error:
        raise PruneError(f"weights {path}: {error}; give one .keras or .h5 file") from error


def check(path: Path) -> None:
    """Refuse what is not there, as `content` does; this reads nothing."""
    if not regular.is_there(path):
        content(path)
