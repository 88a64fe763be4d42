"""What the cells of a study gave, on disk: whole, checked when read, never mixed.

cells/NAME.json       settings, rows, and the sum of the rows
networks/NAME.keras   a trained network
networks/NAME.json    its settings, its course, and the sum of the file; written after it
times.csv             seconds, apart from all that must come out the same
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prune.core.network import Network
from prune.files import atomic, weights

_UNWANTED = "# made by `prune study`: what it needs to go on, and nothing to commit\n*\n"
Settings = dict[str, Any]


def _content(network: Network) -> bytes:
    return weights.writer(Path("network.keras"))(network)


def _read(path: Path) -> Network:
    return weights.load(path).network


@dataclass(frozen=True)
class Store:
    """Two folders, and the names of what was found there but could not be believed."""

    cells: Path
    networks: Path
    set_aside: list[Path] = field(default_factory=list)
    looks_only: bool = False  # and leaves even what it cannot believe where it is
    # How networks become files and come back: chains of dense layers, unless told otherwise.
    content: Callable[[Any], bytes] = _content
    read: Callable[[Path], Any] = _read

    def prepare(self) -> None:
        """Make the folders, so that version control leaves them alone."""
        for folder in (self.cells, self.networks):
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / ".gitignore").exists():
                atomic.write(folder / ".gitignore", _UNWANTED.encode())

    def clear(self) -> None:
        """Forget every cell, and the networks if they are this study's own."""
        for folder in self._own():
            for path in folder.iterdir():
                if path.name != ".gitignore":
                    path.unlink()

    def tidy(self) -> None:
        """Remove what a killed process has left half-written."""
        for folder in self._own():
            atomic.remove_remains(folder)

    def _own(self) -> list[Path]:
        """Return the folders that no other study uses."""
        own = self.networks.parent == self.cells.parent
        return [self.cells, self.networks] if own else [self.cells]

    def rows(self, name: str, settings: Settings) -> list[Settings] | None:
        """Return the rows of a cell, or None if there are none to believe."""
        path = self.cells / f"{name}.json"
        record = self._read(path, settings)
        if record is None:
            return None
        if record.get("sha256") == _sum(record.get("rows")):
            return record["rows"]
        self._put_aside(path)
        return None

    def add_rows(self, name: str, settings: Settings, rows: list[Settings]) -> None:
        """Keep the rows of a cell."""
        record = {"settings": settings, "sha256": _sum(rows), "rows": rows}
        atomic.write(self.cells / f"{name}.json", _text(record).encode())

    def trained(self, name: str, settings: Settings) -> Settings | None:
        """Return the record of a network, with its sum and course, or None."""
        path = self.networks / f"{name}.json"
        record = self._read(path, settings)
        if record is None:
            return None
        content = path.with_suffix(".keras")
        if content.exists() and weights.sha256(content.read_bytes()) == record.get("sha256"):
            return record
        self._put_aside(content, path)
        return None

    def network(self, name: str) -> Any:
        """Return a network that `trained` has found."""
        return self.read(self.networks / f"{name}.keras")

    def add_network(
        self, name: str, settings: Settings, network: Any, course: list[Settings]
    ) -> None:
        """Keep a trained network; its record comes last, and makes it count."""
        path = self.networks / f"{name}.keras"
        content = self.content(network)
        atomic.write(path, content)
        record = {"settings": settings, "sha256": weights.sha256(content), "epochs": course}
        atomic.write(path.with_suffix(".json"), _text(record).encode())

    def _read(self, path: Path, settings: Settings) -> Settings | None:
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError:
            record = None
        if isinstance(record, dict) and record.get("settings") == settings:
            return record
        self._put_aside(path)
        return None

    def _put_aside(self, *paths: Path) -> None:
        for path in paths:
            if path.exists():
                aside = path.with_name(f"{path.name}.corrupt")
                self.set_aside.append(aside)
                if not self.looks_only:
                    path.replace(aside)

    def times(self) -> dict[str, float]:
        """Return the seconds that cells took, by name; what cannot be read is left out."""
        try:
            text = (self.cells / "times.csv").read_text(encoding="utf-8")
            return {name: float(seconds) for name, seconds in csv.reader(io.StringIO(text))}
        except (OSError, ValueError):
            return {}

    def add_time(self, name: str, seconds: float) -> None:
        """Keep what a cell took."""
        times = self.times() | {name: round(seconds, 3)}
        lines = "".join(f"{name},{seconds}\n" for name, seconds in sorted(times.items()))
        atomic.write(self.cells / "times.csv", lines.encode())


def _text(record: Settings) -> str:
    return json.dumps(record, indent=1) + "\n"


def _sum(rows: Any) -> str:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
