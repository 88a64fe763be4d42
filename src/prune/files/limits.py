"""How much of a stranger's file is read at most: far above any honest file, below any harm."""

from __future__ import annotations

FILE = 2 * 2**30  # bytes of a file, and of a member of an archive
WEIGHTS = 2**28  # of a network: 1 GiB as float32
PIXELS = 2**30  # bytes of the images of a split, as they are stored
TEXT = 16 * 2**20  # bytes of a configuration, or of a list of names
LAYERS = 1000
LINKS = 10_000  # names in a group of HDF5, or members of an archive
DEPTH = 16  # groups on the way to a data set
CHUNKS = 2**16  # of a data set of HDF5
NAME = 120  # letters of a layer's name

# Of a model of any layers.
MODEL_WEIGHTS = 400_000_000  # ConvNeXtXLarge has 350 million
MODEL_LAYERS = 3000  # in all; NASNetLarge has 1,041
NODES = 6000  # calls of layers, those within models that are called again counted again
NESTING = 16  # models and layers within each other
PASSES = 100  # over the layers until each call has what it needs
UNITS = 2**26  # of a layer, which its arrays must bear out
SIDE = 2**16 - 1  # of a kernel, a pool or a border
SIDES = 16  # of a shape
OUTPUTS = 2**28  # numbers that a layer gives for one example

# The most that one byte of a deflate stream can expand to: 258 bytes for 2 bits.
DEFLATE = 1032
