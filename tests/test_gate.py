"""`--max-drop` as a gate: every point that is asked for is held against the unpruned network."""

from __future__ import annotations

import json
from fractions import Fraction
from types import SimpleNamespace

import pytest

from prune.core.measure import Evaluation
from prune.views.gate import verdict

WHOLE = Evaluation(9900, 10000, 0.1)


def row(correct, k=50):
    return SimpleNamespace(
        method="weight", criterion="magnitude", repair="none", scope="layer", k=k,
        correct=correct, total=10000, loss=0.1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("correct", "missed", "said"),
    [
        ([9900, 9890], False, "is kept: weight magnitude k = 50 loses 0.10 points (-0.18 to 0.38)"),
        ([9900, 9820], False, "at most 1 point as all others, which is not certain."),
        ([9800], False, "loses 1.00 points"),  # at most is not more
        ([9900, 9799], True, "1 of 2 pruned networks loses more than 1 point; weight"),
        ([9700, 9600], True, "2 of 2 pruned networks lose more than 1 point; weight magnitude"),
    ],
)
def test_a_gate_is_missed_by_the_worst(correct, missed, said):
    found = verdict([row(each) for each in correct], WHOLE, Fraction(1, 100))
    assert found.missed == missed and said in found.said


def test_a_missed_gate_is_status_1_and_everything_is_written(prune, tiny, tmp_path):
    argv = ("weight", *tiny, "--k", "0,90")
    assert prune(*argv, "--max-drop", "100")[0] == 0
    folder = tmp_path / "work" / "results" / "weight"
    kept = {path.name for path in folder.iterdir()}
    table = (folder / "table.csv").read_text()
    status, out, err = prune(*argv, "--max-drop", "0.5", "-q")
    assert status == 1 and "90" in out
    assert err.startswith("prune: --max-drop is missed: 1 of 2 pruned networks loses more than 0.5")
    assert {path.name for path in folder.iterdir()} == kept
    assert (folder / "table.csv").read_text() == table
    run = json.loads((folder / "run.json").read_text())
    assert run["status"] == "finished" and run["results"]["gate"] in err
    # What was a gate then is one again, another may be set, and the counts are compared anyway.
    for more, wanted in (([], 1), (["--max-drop", "100"], 0)):
        status, out, _ = prune("rerun", folder / "run.json", "-q", *more)
        assert status == wanted and out.startswith("The same: every count of 2 rows")


def test_controls_are_there_to_be_worse(prune, tiny):
    argv = ("weight", *tiny, "--k", "30", "--max-drop")
    rows = json.loads(prune(*argv, "100", "--controls", "--format", "json")[1])
    asked, control = [(80 - each["correct"]) / 80 for each in rows]
    assert control > asked
    status, _, err = prune(*argv, str(100 * asked), "--controls")
    assert status == 0 and "--max-drop is kept: weight magnitude k = 30" in err


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--max-drop", "-1"], "expected points of accuracy from 0 to 100, such as 1, got '-1'"),
        (["--max-drop", "1", "--seeds", "0"], "leave out --max-drop"),
    ],
)
def test_what_cannot_be_a_gate_is_refused(prune, tiny, more, told):
    tiny = [] if "--seeds" in more else tiny
    status, _, err = prune("compare", *tiny, *more)
    assert status == 2 and told in err and len(err.splitlines()) == 1


def test_a_run_without_points_cannot_be_gated(prune, tiny, tmp_path):
    assert prune("sensitivity", *tiny, "--k", "0,50", "--calibration", "60")[0] == 0
    record = tmp_path / "work" / "results" / "sensitivity" / "run.json"
    status, _, err = prune("rerun", record, "--max-drop", "1", "-q")
    assert (status, err) == (
        2,
        "prune: --max-drop is for points of weight, unit and compare, not sensitivity\n",
    )
