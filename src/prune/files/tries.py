"""What a search has measured, so that it goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from prune.files import atomic
from prune.files.results import Attempt

_NAME = "tries.json"


def read(folder: Path, search: dict[str, Any]) -> list[Attempt]:
    """Return what was measured by the same `search`, told by all that it depends on."""
    try:
        record = json.loads((folder / _NAME).read_text(encoding="utf-8"))
        return [Attempt(**each) for each in record["tries"]] if record["search"] == search else []
    except (OSError, ValueError, TypeError, KeyError):
        return []  # none there, or not of our making


def write(folder: Path, search: dict[str, Any], attempts: Sequence[Attempt]) -> None:
    """Keep what was measured."""
    record = {"search": search, "tries": [asdict(each) for each in attempts]}
    atomic.write(folder / _NAME, (json.dumps(record, indent=1) + "\n").encode())
