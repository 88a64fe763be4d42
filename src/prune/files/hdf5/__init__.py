"""HDF5 as Keras writes it, read from bytes by ourselves, without the library of HDF5.

The library follows links to other files, loads filters from folders, and ends the process on
files that are broken in the right places.  What is read here is in the bytes given, within bounds.
After "HDF5 File Format Specification Version 3.0" (The HDF Group).

    blocks      bytes of a file, cut within its bounds
    headers     where the root is; the messages of an object
    dense       many names or attributes, as newer files keep them
    links       what is in a group
    texts       attributes that hold text
    types       which numbers, of which shape
    chunks      arrays stored in blocks, packed or not
    arrays      data sets as float32
    tree        groups and what is in them, for the readers of Keras' files
"""
