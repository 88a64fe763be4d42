"""`prune criteria`: how things can be ranked."""

from __future__ import annotations

import json

from prune.cli.asked import Asked
from prune.cli.console import Console
from prune.core.pruning import CRITERIA
from prune.settings.files import JSON, Out, Talk


def run(asked: Asked) -> int:
    """Print every criterion with one line and its source."""
    found = [
        {"method": method, "criterion": name, "about": each.about, "source": each.source}
        for method, criteria in CRITERIA.items()
        for name, each in criteria.items()
    ]
    if asked.of(Out).format == JSON:
        print(json.dumps(found, indent=2))
        return 0
    for each in found:
        source = f" ({each['source']})" if each["source"] else ""
        print(f"{each['method']:6}  {each['criterion']:10}  {each['about']}{source}")
    Console(asked.of(Talk).quiet).say("\nNext: prune weight --criterion magnitude,activation,obs")
    return 0
