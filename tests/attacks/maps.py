"""Allocations given to --k-map."""

from __future__ import annotations

import os

from attacks import attack


def text(folder, content):
    (folder / "map.json").write_bytes(content)
    return folder / "map.json"


@attack("is not of the form", "k-map")
def brackets_without_end(folder):
    """An allocation of a hundred thousand brackets."""
    return text(folder, b"[" * 100_000)


@attack("is not of the form", "k-map")
def power_without_end(folder):
    """A percent of a billion digits, in ten letters."""
    return text(folder, b'{"k": [1e999999999], "layers": {"dense": [5]}}')


@attack("is not of the form", "k-map")
def fraction_without_end(folder):
    """A percent of a billion digits behind the point."""
    return text(folder, b'{"k": [1e-999999999], "layers": {"dense": [5]}}')


@attack("is not of the form", "k-map")
def bytes_that_are_no_text(folder):
    """An allocation that is no text."""
    return text(folder, b"\xff\xfe\x00")


@attack("is a pipe, not a regular file", "k-map")
def a_pipe_for_a_map(folder):
    """A FIFO, at which a reader waits for ever."""
    os.mkfifo(folder / "map.json")
    return folder / "map.json"
