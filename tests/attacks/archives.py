"""Archives that lie or explode."""

from __future__ import annotations

import json
import struct
import zipfile

from attacks import answered, attack
from attacks.material import configuration, keras_file, redirected, weights_bytes


def archive(folder, *members, method=zipfile.ZIP_STORED, comment=b""):
    path = folder / "model.keras"
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
        file.comment = comment
    return path


def members(folder):
    return [
        ("config.json", json.dumps(configuration())),
        ("model.weights.h5", weights_bytes(folder)),
    ]


@attack("holds 'config.json' twice")
def member_twice(folder):
    """Two configurations: which is read depends on the reader."""
    import warnings

    with warnings.catch_warnings(action="ignore"):
        return archive(folder, *members(folder), ("config.json", "{}"))


@attack("declares 20,000,000 bytes of 'config.json'")
def configuration_that_explodes(folder):
    """20 kB that are a configuration of 20 MB."""
    (_, _), weights = members(folder)
    return archive(folder, ("config.json", b" " * 20_000_000), weights, method=8)


@attack("broken or truncated archive|has not the size it declares")
def member_that_declares_less(folder):
    """A member that declares 10 bytes and unpacks to 20 MB."""
    path = archive(folder, ("config.json", bytes(2 * 10**7)), members(folder)[1], method=8)
    return redirected(path, 24, "<I", 10)


@attack("more than the .* stored can hold")
def member_that_declares_more(folder):
    """Weights that declare 4 GB though a few kB are stored."""
    path = archive(folder, *members(folder), method=8)
    return redirected(path, 24, "<I", 2**32 - 2, member=1)


@attack("with 'config.json' encrypted")
def encrypted_member(folder):
    """A member that says it is encrypted."""
    return redirected(archive(folder, *members(folder)), 8, "<H", 1)


@attack("packed otherwise than deflated")
def member_packed_otherwise(folder):
    """Members packed by LZMA."""
    return archive(folder, *members(folder), method=zipfile.ZIP_LZMA)


@attack("is a truncated archive: it does not end as archives do")
def comment_behind(folder):
    """A comment behind the archive, in which another could hide."""
    return archive(folder, *members(folder), comment=b"hello")


@attack("is a zip without config.json")
def comment_with_another_end(folder):
    """A comment that is the end of another archive, of nothing."""
    return archive(folder, *members(folder), comment=b"PK\5\6" + bytes(18))


@attack("of 64 bits")
def second_directory_of_64_bits(folder):
    """A locator of another directory, which some readers take and some do not."""
    path = archive(folder, *members(folder))
    content = path.read_bytes()
    locator = struct.pack("<IIQI", 0x07064B50, 0, 0, 1)
    path.write_bytes(content[:-22] + locator + content[-22:])
    return path


@attack("lists 12,000 members")
def too_many_members(folder):
    """An archive of 12,000 members."""
    return archive(folder, *members(folder), *((f"assets/{i}", "") for i in range(11_998)))


@attack("broken or truncated archive")
def member_elsewhere(folder):
    """A member that starts beyond the archive's end."""
    return redirected(archive(folder, *members(folder)), 42, "<I", 2**31)


@attack("is a truncated archive")
def cut_off(folder):
    """A download that ended early."""
    path = archive(folder, *members(folder))
    path.write_bytes(path.read_bytes()[:-100])
    return path


@attack("whose model.weights.h5 is no HDF5 file")
def archive_in_an_archive(folder):
    """Weights that are an archive again."""
    inner = archive(folder, *members(folder)).read_bytes()
    return archive(folder, members(folder)[0], ("model.weights.h5", inner))


@attack("is a zip without model.weights.h5")
def weights_in_a_folder(folder):
    """Weights that are a member of another name."""
    return archive(folder, members(folder)[0], ("../model.weights.h5", "x"))


@attack("is a PyTorch file, which runs code when it is loaded")
def pytorch_file(folder):
    """A file of PyTorch: an archive with a pickle."""
    return archive(folder, ("model/data.pkl", b"\x80\x02cos\nsystem\n."), ("model/data/0", b"x"))


@attack("is a data set, not weights; give it to --data")
def data_set_as_weights(folder):
    """A data set where weights belong."""
    return archive(folder, ("x_test.npy", b"x"), ("y_test.npy", b"x"))


@answered()
def members_that_climb(folder):
    """Members called `../canary.h5` and `/etc/x`, which nobody unpacks."""
    return archive(folder, *members(folder), ("../canary.h5", b"x"), ("/etc/x", b"x"))


@answered()
def deflated_members(folder):
    """An archive packed again, by deflate."""
    return archive(folder, *members(folder), method=zipfile.ZIP_DEFLATED)


@attack("is an HDF5 file, but not one|holds no layers")
def weights_without_layers(folder):
    """Weights of an HDF5 file without layers."""
    import h5py

    with h5py.File(folder / "part", "w") as file:
        file["x"] = 1
    return keras_file(folder, configuration(), weights=(folder / "part").read_bytes())
