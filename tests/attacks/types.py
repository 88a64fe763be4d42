"""Numbers that are no weights."""

from __future__ import annotations

import h5py
import numpy as np

from attacks import answered, attack
from attacks.material import KERNELS, SIDES, creation, first_kernel, low_level


def of(folder, values, **more):
    return first_kernel(folder, lambda parent: parent.create_dataset("0", data=values, **more))


@attack("holds whole numbers; weights are float16, float32 or float64")
def whole_numbers(folder):
    """A kernel quantised to int8: without its scale it is another network."""
    return of(folder, np.ones(SIDES[:2], "i1"))


@attack("holds choices")
def truth_values(folder):
    """A kernel of booleans."""
    return of(folder, np.ones(SIDES[:2], bool))


@attack("holds texts")
def texts(folder):
    """A kernel of texts."""
    return of(folder, np.full(SIDES[:2], b"1.0"))


@attack("holds lists")
def texts_of_any_length(folder):
    """A kernel of texts of any length, which the library turns into Python objects."""
    return of(folder, np.full(SIDES[:2], "1.0", object), dtype=h5py.string_dtype())


@attack("holds references")
def references(folder):
    """A kernel of references to objects."""

    def put(parent):
        parent.create_dataset("0", data=np.full(SIDES[:2], parent.ref), dtype=h5py.ref_dtype)

    return first_kernel(folder, put)


@attack("holds compounds")
def compounds(folder):
    """A kernel of pairs."""
    return of(folder, np.zeros(SIDES[:2], [("a", "f4"), ("b", "f4")]))


@attack("holds compounds \\(or complex")
def complex_numbers(folder):
    """A kernel of complex numbers."""
    return of(folder, np.ones(SIDES[:2], complex))


@attack("holds arrays")
def arrays_of_numbers(folder):
    """A kernel whose numbers are arrays."""
    kind = h5py.h5t.array_create(h5py.h5t.IEEE_F32LE, (2,))
    return first_kernel(folder, lambda parent: low_level(parent, creation(), kind=kind))


@attack("holds opaque bytes")
def opaque_bytes(folder):
    """A kernel of bytes without meaning."""
    return of(folder, np.zeros(SIDES[:2], "V4"))


@attack("holds floats of an unusual form")
def bfloat16(folder):
    """A kernel of bfloat16, which has the size of float16."""
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_fields(15, 7, 8, 0, 7)
    kind.set_size(2)
    kind.set_ebias(127)
    return first_kernel(folder, lambda parent: low_level(parent, creation(), kind=kind))


@attack("holds floats of an unusual form")
def floats_of_80_bits(folder):
    """A kernel of long doubles."""
    return of(folder, np.ones(SIDES[:2], np.longdouble))


@attack("has a type that is missing, told twice, or kept elsewhere")
def type_kept_elsewhere(folder):
    """The kernel's type is a named one, elsewhere in the file."""

    def put(parent):
        parent.file["type"] = np.dtype("f4")
        parent.create_dataset("0", data=KERNELS[0], dtype=parent.file["type"])

    return first_kernel(folder, put)


@answered()
def big_end_first(folder):
    """A kernel with its bytes in the other order."""
    return of(folder, KERNELS[0].astype(">f4"))
