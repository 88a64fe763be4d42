"""prune rerun, completions, and the table of exit codes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from prune.files import weights

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def tiny(tmp_path, network, tiny_data):
    path = tmp_path / "tiny.keras"
    weights.save(network, path)
    return ["--weights", str(path), "--data", str(tiny_data)]


@pytest.fixture
def finished(prune, tiny, tmp_path):
    """Return the record of a finished run."""
    argv = ("compare", *tiny, "--k", "0,50,90", "--format=json", "--out", tmp_path / "first")
    assert prune(*argv)[0] == 0
    return tmp_path / "first" / "run.json"


def test_a_run_repeats_from_its_record(prune, finished, tmp_path):
    status, out, err = prune("rerun", finished, "-q")
    again = finished.parent / "rerun"
    assert (status, err) == (0, "")
    assert out == f"The same: every count of 6 rows, files in {again}.\n"
    for name in ("table.json", "table.csv", "accuracy.png"):
        assert (again / name).read_bytes() == (finished.parent / name).read_bytes()


def test_the_folder_of_a_run_stands_for_its_record(prune, finished):
    status, out, _err = prune("rerun", finished.parent, "-q")
    assert status == 0 and out.startswith("The same: every count of 6 rows")


def test_a_network_of_the_package_is_known_by_its_name(prune, tiny_data):
    argv = ("weight", "--weights", "mnist", "--k", "0,90", "--limit", "100", "--out", "named")
    assert prune(*argv)[0] == 0
    status, out, err = prune("rerun", "named/run.json", "-q")
    assert (status, err) == (0, "") and out.startswith("The same: every count of 2 rows")


def test_a_network_right_after_the_command_is_found_again(prune, tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    argv = ("weight", "tiny.keras", *tiny[2:], "--k", "0,90", "--out", "there")
    assert prune(*argv)[0] == 0
    status, out, err = prune("rerun", "there", "-q")
    assert (status, err) == (0, "") and out.startswith("The same: every count of 2 rows")


@pytest.mark.slow
def test_a_teacher_is_found_from_the_folder_of_the_run(prune, tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    argv = ("weight", *tiny, "--k", "50", "--retrain", "1", "--distill", "0.7,tiny.keras")
    assert prune(*argv, "--out", "r")[0] == 0
    monkeypatch.chdir(tmp_path / "work")
    status, out, err = prune("rerun", tmp_path / "r" / "run.json", "-q")
    assert (status, err) == (0, "") and out.startswith("The same: every count of 1 rows")


@pytest.fixture
def elsewhere(prune, tiny, tmp_path, monkeypatch):
    """Return the record of a run whose paths are relative; it was started in another folder."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("tiny.keras", "tiny.npz"):
        (tmp_path / name).rename(home / name)
    monkeypatch.chdir(home)
    argv = ("weight", "--weights", "tiny.keras", "--data=tiny.npz", "--k", "0,50", "--out", "r")
    assert prune(*argv)[0] == 0
    monkeypatch.chdir(tmp_path / "work")
    return home / "r" / "run.json"


def test_relative_paths_are_of_the_folder_that_the_run_was_started_in(prune, elsewhere, tmp_path):
    status, out, err = prune("rerun", elsewhere, "-q")
    assert (status, err) == (0, "") and out.startswith("The same: every count of 2 rows")
    # What repeats a run can be repeated, and the whole tree may have moved.
    assert prune("rerun", elsewhere.parent / "rerun" / "run.json", "-q")[0] == 0
    moved = tmp_path / "moved"
    elsewhere.parents[1].rename(moved)
    assert prune("rerun", moved / "r" / "run.json", "--out", "again", "-q")[0] == 0


def test_files_that_are_here_do_for_a_record_that_came_alone(prune, elsewhere, tmp_path):
    for name in ("tiny.keras", "tiny.npz"):
        (tmp_path / "home" / name).rename(tmp_path / "work" / name)
    assert prune("rerun", elsewhere, "-q")[0] == 0


def test_a_file_that_is_gone_is_named_with_where_it_was_looked_for(prune, elsewhere, tmp_path):
    (tmp_path / "home" / "tiny.keras").unlink()
    status, out, err = prune("rerun", elsewhere, "-q")
    places = f"{tmp_path / 'home'} or {tmp_path / 'work'}"
    told = f"the run read tiny.keras, which is not there, seen from {places}; put it back there"
    assert (status, out, err) == (2, "", f"prune: {elsewhere}: {told}\n")
    assert "prune train" not in err


def test_the_help_names_the_commands_that_repeat(prune):
    out = " ".join(prune("rerun", "--help")[1].split())
    assert "a run of weight, unit, compare or sensitivity" in out


def changed(path, change):
    """Change what a JSON file holds."""
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))


def test_each_count_that_differs_is_told(prune, finished):
    def change(rows):
        rows[1]["correct"] += 1
        rows[4]["nonzero"] = 7
        rows[2]["loss"] *= 1 + 1e-6  # rounding, which is no count

    rows = json.loads((finished.parent / "table.json").read_text())
    changed(finished.parent / "table.json", change)
    status, out, _ = prune("rerun", finished)
    assert status == 1
    assert out.splitlines()[1:] == [
        f"  weight magnitude k = 50: correct was {rows[1]['correct'] + 1}, is {rows[1]['correct']}",
        f"  unit norm k = 50: nonzero was 7, is {rows[4]['nonzero']}",
    ]


def test_many_differences_are_counted_and_missing_rows_told(prune, finished):
    changed(finished.parent / "table.json", lambda rows: rows.clear())
    status, out, _ = prune("rerun", finished)
    assert status == 1 and out.startswith("6 counts differ")
    assert "weight magnitude k = 0: correct was absent, is 80" in out

    def spoil(rows):
        for row in rows:
            row["parameters"], row["pruned"] = 1, 2

    assert prune("rerun", finished, "--out", finished.parent / "b")[0] == 1
    (finished.parent / "table.json").write_bytes(
        (finished.parent / "b" / "table.json").read_bytes()
    )
    changed(finished.parent / "table.json", spoil)
    _, out, _ = prune("rerun", finished)
    assert out.splitlines()[-1] == "  and 2 more"


def test_other_versions_are_remarked_on(prune, finished):
    changed(finished, lambda run: run["versions"].update(numpy="1.0"))
    status, _, err = prune("rerun", finished)
    assert status == 0 and f"note: numpy was 1.0, and is {np.__version__}" in err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda run: run.clear(), "is no record of a run: it has no command"),
        (lambda run: run.update(inputs=3), "it has no inputs as prune writes it"),
        (lambda run: run.update(command=["prune"]), "its command is no list of words"),
        (lambda run: run.update(command=["prune", 1]), "its command is no list of words"),
        (
            lambda run: run.update(command=["prune", "train", "--save", "x"]),
            "is of `prune train`; only weight, unit, compare, sensitivity repeat",
        ),
        (lambda run: run["inputs"].update(data=7), "its inputs have no sums"),
        (
            lambda run: run["inputs"]["weights"].update(sha256="0"),
            'the weights are not those of the run: sha256 was "0", and is ',
        ),
        (lambda run: run["command"].append("--nonsense"), "unknown argument --nonsense"),
    ],
)
def test_a_record_that_is_none_is_refused(prune, finished, change, message):
    changed(finished, change)
    status, out, err = prune("rerun", finished, "-q")
    assert (status, out) == (2, "") and message in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("run.json", "{", "is not JSON"),
        ("run.json", "[" * 99_999, "is not JSON"),
        ("table.json", "[{}]", "is no table of prune with all its columns"),
        ("table.json", "{}", "is no table of prune with all its columns"),
    ],
)
def test_files_of_nonsense_are_named(prune, finished, name, text, message):
    (finished.parent / name).write_text(text)
    status, _, err = prune("rerun", finished)
    assert status == 2 and f"{name}: {message}" in err


def test_the_old_run_is_not_overwritten(prune, finished):
    before = {path.name: path.read_bytes() for path in finished.parent.iterdir()}
    status, _, err = prune("rerun", finished, "--out", finished.parent)
    assert status == 2 and "is the folder of the run itself" in err
    assert before == {path.name: path.read_bytes() for path in finished.parent.iterdir()}
    assert prune("rerun", "none.json")[2] == "prune: none.json: no such file\n"


@pytest.mark.slow
def test_the_committed_run_repeats(prune, tmp_path):
    record = DOCS.parent / "results" / "compare" / "run.json"
    status, out, err = prune("rerun", record, "--out", tmp_path / "again")
    assert status == 0, out + err
    assert out.startswith("The same: every count of 20 rows")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_scripts_of_their_shell(prune, tmp_path, shell):
    status, out, _ = prune("--print-completion", shell)
    assert status == 0 and "sensitivity" in out
    if shutil.which(shell):
        (tmp_path / "script").write_text(out)
        subprocess.run([shell, "-n", str(tmp_path / "script")], check=True)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_commands_and_choices(prune, tmp_path):
    (tmp_path / "script").write_text(prune("--print-completion=bash")[1])
    for line, expected in {"prune wei": "weight", "prune weight --sco": "--scope"}.items():
        code = (
            f"source {tmp_path}/script; COMP_WORDS=({line}); "
            f"COMP_CWORD={line.count(' ')}; _shtab_prune; echo ${{COMPREPLY[@]}}"
        )
        done = subprocess.run(["bash", "-c", code], capture_output=True, text=True)
        assert done.stdout.split() == [expected], done.stderr


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--print-completion"], "takes one of bash, zsh, fish; got nothing"),
        (["--print-completion", "bsh"], "got 'bsh' (did you mean bash?)"),
    ],
)
def test_an_unknown_shell_is_named(prune, argv, message):
    status, _, err = prune(*argv)
    assert status == 2 and message in err


def test_without_shtab_the_extra_is_named(prune, monkeypatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    status, _, err = prune("--print-completion", "bash")
    assert status == 3 and "pip install keras-prune[completion]" in err


def test_every_exit_code_of_the_page_is_tested_and_no_other_is():
    told = set(re.findall(r"^\| (\d+) \|", (DOCS / "exit-codes.md").read_text(), re.M))
    assert told == {"0", "1", "2", "3", "4", "130", "143"}
    tests = "\n".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    for code in told:
        assert re.search(rf"status\W+(== |.*\) == \(){code}\b|, {code}, |\({code},", tests)
