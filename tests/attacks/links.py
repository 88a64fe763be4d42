"""Names in the file that lead elsewhere."""

from __future__ import annotations

import os

import h5py

from attacks import answered, attack
from attacks.material import CANARY, KERNELS, first_kernel, group, legacy_file, weights_file

NOT_FOLLOWED = "links are not followed"


@attack(NOT_FOLLOWED)
def external_link_to_a_kernel(folder):
    """The kernel is an external link to a data set of another file."""

    def put(parent):
        parent["0"] = h5py.ExternalLink(CANARY, f"{group(0)}/0")

    return first_kernel(folder, put)


@attack(NOT_FOLLOWED)
def external_link_to_all_layers(folder):
    """The group of layers is an external link to another file."""
    with h5py.File(folder / "a.weights.h5", "w") as file:
        file["layers"] = h5py.ExternalLink(str(folder / CANARY), "layers")
    return folder / "a.weights.h5"


@attack(NOT_FOLLOWED)
def external_link_to_a_pipe(folder):
    """The kernel is an external link to a FIFO, at which a reader waits for ever."""
    os.mkfifo(folder / "canary.pipe")

    def put(parent):
        parent["0"] = h5py.ExternalLink("canary.pipe", "x")

    return first_kernel(folder, put)


@attack(NOT_FOLLOWED)
def external_link_out_of_the_folder(folder):
    """The kernel is an external link to a system file."""

    def put(parent):
        parent["0"] = h5py.ExternalLink("/etc/passwd", "x")

    return first_kernel(folder, put)


@attack(NOT_FOLLOWED)
def soft_link_to_a_kernel(folder):
    """The kernel is a soft link to a data set of the same file."""

    def put(parent):
        parent.file["elsewhere"] = KERNELS[0]
        parent["0"] = h5py.SoftLink("/elsewhere")

    return first_kernel(folder, put)


@attack(NOT_FOLLOWED)
def soft_link_to_itself(folder):
    """The kernel is a soft link to itself."""

    def put(parent):
        parent["0"] = h5py.SoftLink(f"/{group(0)}/0")

    return first_kernel(folder, put)


@attack("has /layers/dense/vars/0 where a data set belongs")
def group_that_holds_itself(folder):
    """A group holds itself by a hard link, so that a walk never ends."""

    def put(parent):
        parent["0"] = parent

    return first_kernel(folder, put)


@attack("does not hold a kernel and at most a bias")
def layers_that_are_their_own_weights(folder):
    """The weights of a layer are the group of layers itself."""
    with h5py.File(folder / "a.h5", "w") as file:
        file["layers/dense/vars"] = file.create_group("layers")["."]
    return folder / "a.h5"


@attack("is used twice")
def one_kernel_for_a_thousand_layers(folder):
    """A thousand layers share one kernel by hard links: memory a thousand times the file."""
    with h5py.File(folder / "a.h5", "w") as file:
        file["layers/dense/vars/0"] = KERNELS[0]
        for i in range(1, 1000):
            file[f"{group(i)}/0"] = file["layers/dense/vars/0"]
    return folder / "a.h5"


@attack("has the path '../kernel'")
def listed_path_that_climbs(folder):
    """A legacy file lists its kernel as `../kernel`."""
    return legacy_file(folder, [b"../kernel"])


@attack("has the path '/a/kernel'")
def listed_path_from_the_root(folder):
    """A legacy file lists its kernel by a path from the root."""
    return legacy_file(folder, [b"/a/kernel"])


@attack("has the path 'a/a/a/")
def listed_path_without_end(folder):
    """A legacy file lists its kernel below ten thousand groups."""
    return legacy_file(folder, [b"a/" * 10_000 + b"kernel"])


@attack("holds more than 10,000 things in a group")
def group_of_too_many_names(folder):
    """The group of layers holds 12,000 links."""
    path = weights_file(folder / "a.h5")
    with h5py.File(path, "a") as file:
        layers = file["layers"]
        for i in range(12_000):
            layers.id.links.create_soft(b"dropout_%d" % i, b"/x")
    return path


@answered()
def link_beside_the_layers(folder):
    """An external link that no network needs stands beside the layers."""
    path = weights_file(folder / "a.h5")
    with h5py.File(path, "a") as file:
        file["optimizer"] = h5py.ExternalLink(CANARY, "layers")
    return path
