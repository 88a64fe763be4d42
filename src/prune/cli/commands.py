"""The commands: what each is for, and where it says what can be asked of it.

To know that of one, nothing of the others is imported: help and usage errors are to be quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from prune.cli.asked import Command


class _Row(NamedTuple):
    name: str
    short: str  # in the list of all
    file: str  # of prune.cli.declared, whose COMMANDS has it

    def command(self) -> Command:
        """Return it with all that can be asked of it."""
        declared: tuple[Command, ...] = import_module(f"prune.cli.declared.{self.file}").COMMANDS
        return next(each for each in declared if each.name == self.name)


COMMANDS = {
    row.name: row
    for row in (
        _Row("weight", "set the weights of smallest magnitude to zero", "sweeps"),
        _Row("unit", "remove the units of smallest L2 norm", "sweeps"),
        _Row("compare", "both, in one table and one picture", "sweeps"),
        _Row(
            "sensitivity", "prune each layer alone, and suggest how far each should go", "networks"
        ),
        _Row("study", "many networks pruned in many ways, with intervals", "studies"),
        _Row("depth", "prune networks of several depths", "studies"),
        _Row("criteria", "list the criteria", "runs"),
        _Row("shrink", "prune, and save a network that really is smaller", "networks"),
        _Row(
            "search",
            "the best network within a budget of accuracy, bytes, work or time",
            "searches",
        ),
        _Row("export", "a file for LiteRT, ONNX Runtime or OpenVINO", "runtimes"),
        _Row("bench", "time pruned networks: dense, shrunk and sparse", "runtimes"),
        _Row("train", "train the network", "networks"),
        _Row("inspect", "show what is in a weights file", "networks"),
        _Row("report", "one page to share, of what runs have written", "runs"),
        _Row("rerun", "repeat a run from its run.json, and compare", "runs"),
    )
}
