"""Thousands of good files spoiled at random: an answer or a refusal, and nothing else."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import prune as package
from prune import PruneError

# More of them: PRUNE_FUZZ=100000 python -m pytest tests/test_fuzz.py
COUNT = int(os.environ.get("PRUNE_FUZZ", "3000"))


@pytest.mark.parametrize("seed", [1, 2])
def test_spoiled_files_are_answered_or_refused(seed):
    search = f"{Path(package.__file__).parents[1]}{os.pathsep}{Path(__file__).parent}"
    done = subprocess.run(
        [sys.executable, "-m", "attacks.fuzz", str(seed), str(COUNT // 2)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": search},
    )
    assert done.returncode == 0, f"the process died ({done.returncode}): {done.stderr[-2000:]}"
    found = json.loads(done.stdout)
    assert found["else"] == {}
    # Both happen often, or the readers refuse everything or check nothing.
    assert found["answered"] > COUNT // 40 and found["refused"] > COUNT // 8


def test_a_few_in_this_process_too(tmp_path):
    # So that coverage can see them.
    from attacks import fuzz

    outcomes = {"answered": 0, "refused": 0}
    for number in range(1500):
        chance = random.Random(f"here {number}")
        read = chance.choice([fuzz.weights_of] * 6 + [fuzz.data_of, fuzz.idx_of])(chance, tmp_path)
        try:
            read()
            outcomes["answered"] += 1
        except PruneError:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 100
