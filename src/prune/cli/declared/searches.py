"""What the search for a network within a budget takes."""

from __future__ import annotations

from pathlib import Path

from prune.cli.asked import Command
from prune.settings.files import Out, Page, Save, Talk, Weights
from prune.settings.pruning import METHODS, Images, Pruning
from prune.settings.recipe import Retraining
from prune.settings.search import Budget, Effort

COMMANDS = (
    Command(
        "search",
        "search",
        "Look for the smallest network that loses little, or the best that is small or fast "
        "enough, by every criterion; it is chosen by training examples that are held out.",
        "prune search --max-drop 1\n"
        "prune search mine.keras --data mine.npz --under 500KB\n"
        "prune search resnet8.keras --macs 50 --method unit\n"
        "prune search --faster 2x --minutes 10\n"
        "prune search lenet5 --max-drop 0.5 --retrain 2 --minutes 30\n"
        "prune search resnet8 --max-drop 1 --method unit --then weight",
        (Budget, Effort, Pruning, Save, Weights, Images, Retraining, Out, Page, Talk),
        methods=METHODS,
        without=("k", "k_map", "include_output", "start", "rewind", "ramp_from"),
        defaults={"out": Path("results/search")},
        helps={
            "save": {"required": False},
            "method": {"help": "weight or unit (default: both)"},
            "criterion": {"help": "how things are ranked (default: in every way there is)"},
            "repair": {"help": "how what is left is refit (default: in every way there is)"},
            "retrain": {
                "help": "then train networks along the best curve of each method, further than it "
                "went, for so many epochs each, or by the best known recipe: best"
            },
        },
        check=lambda asked: asked.of(Budget).check(),
    ),
)
