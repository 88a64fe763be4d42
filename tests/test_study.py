"""A study: the grid, what is known of it, and that whatever happens the end is the same."""

from __future__ import annotations

import pickle
from concurrent.futures import BrokenExecutor, Future
from dataclasses import replace

import pytest

import planted
from prune import EnvironmentFailure
from prune.experiments import cells, crew, grid, study
from prune.experiments.crew import Crew
from prune.files import studies
from prune.files.keras_layers.trust import of_words
from prune.settings.pruning import FLOOR


def asked(text):
    return grid.cells(studies.parse(text))


@pytest.fixture
def path(tiny_data):
    return planted.settings(tiny_data)


@pytest.fixture
def state(path, tiny_data, tmp_path):
    """A study of 12 cells, none of which is done, of 3 networks that exist."""
    return look(path, planted.plant(path, tmp_path / "out"))


def look(path, store):
    images = planted.source(path.with_name("tiny.npz"))
    return study.look(grid.cells(studies.load(path)), images, store)


def finish(state):
    with crew.alone() as here:
        return list(study.run(state, here))


def test_the_grid_is_the_product_of_its_lists():
    text = 'seeds = "0-3"\nhidden = [[20], [10, 5]]\nrepairs = ["none", "lstsq"]\n'
    assert len(asked(text)) == 4 * 2 * 2 * 2
    text += 'criteria = ["magnitude", "activation", "norm"]\nscopes = ["layer", "network"]\n'
    assert len(asked(text)) == 4 * 2 * (2 + 2) * 2 * 2


def test_a_criterion_that_refits_is_not_repaired_again():
    found = asked('criteria = ["obs"]\nrepairs = ["lstsq", "none"]')
    assert [(cell.method, cell.repair) for cell in found] == [("weight", "none"), ("unit", "none")]


def percents(cell):
    return tuple(100 * k for k in cell.k)


RETRAINED = 'methods = "weight"\nk = [50, 90]\nretrain = [0, 3]\n'


def test_training_on_takes_a_cell_for_each_training():
    """Without it one ranking serves every k, and so does one iterative pass."""
    found = asked(RETRAINED)
    assert [(percents(cell), bool(cell.retraining)) for cell in found] == [
        *(((50, 90), False), ((50,), True), ((90,), True))
    ]
    (_, one) = asked(RETRAINED + 'schedules = "iterative"')
    assert (percents(one), one.retraining.schedule, one.retraining.epochs) == (
        (50, 90),
        "iterative",
        3,
    )


def test_what_a_schedule_has_no_use_for_makes_no_cell_of_its_own():
    text = RETRAINED + 'schedules = ["one-shot", "gradual"]\nramps = ["cubic", "exponential"]\n'
    assert len(asked(text)) == 1 + 2 + 2 * 2
    assert asked(text + "[[part]]\n[[part]]\nrewind = 7") == asked(text)
    assert asked("optimizer = 'sgd'") == asked("")


def test_the_floor_is_of_the_network_scope_alone():
    text = 'methods = "weight"\nscopes = ["layer", "network"]\nfloor = 0\n'
    assert [(cell.scope, cell.floor) for cell in asked(text)] == [
        *(("layer", FLOOR), ("network", 0))
    ]
    usual = asked(text.replace("floor = 0", "floor = 1"))
    assert usual == asked(text.replace("floor = 0", ""))


def test_cells_that_two_parts_share_are_one():
    one = 'seeds = "0-2"\n'
    assert asked(f'{one}[[part]]\n[[part]]\nseeds = "1-2"') == asked(one)
    more = asked(f"{one}[[part]]\n[[part]]\nk = [1]")
    assert len(set(more)) == len(more) == 2 * len(asked(one))


def test_cells_of_one_network_come_together_whatever_the_parts():
    found = asked('seeds = "0-2"\n[[part]]\nmethods = "weight"\n[[part]]\nmethods = "unit"')
    assert [cell.training.seed for cell in found] == [0, 0, 1, 1, 2, 2]


def test_no_two_cells_have_one_name(tiny_data):
    source = planted.source(tiny_data)
    names = set()
    for change in ("", "k = [1]", "calibration = 7", "epochs = 3", "learning-rate = 1", "hidden=9"):
        text = f'seeds = "0-2"\n{change}'.replace("hidden=9", "hidden = [9]")
        names |= {cells.name(cell, source) for cell in asked(text)}
    assert len(names) == 6 * 6


def test_the_name_depends_on_the_images_but_not_on_where_they_are(tiny_data):
    (cell, _), source = asked(""), planted.source(tiny_data)
    name = cells.name(cell, source)
    assert cells.name(cell, replace(source, name="elsewhere")) == name
    for other in ({"test": "0"}, {"train": "0"}, {"limit": 50}):
        assert cells.name(cell, replace(source, **other)) != name


def test_a_column_that_came_later_stands_behind_those_that_cells_are_told_by(state):
    """So that scripts which go by place find what they found, and old cells stay known."""
    finish(state)
    for cell, rows in state.rows.items():
        first = [*state.settings(cell)["columns"], "unpruned", "network"]
        assert all(list(row)[: len(first)] == first for row in rows)
        assert all(len(row) > len(first) for row in rows)


def test_all_that_is_missing_is_done_and_then_nothing_is(state, path):
    outcomes = finish(state)
    assert len(outcomes) == len(state.cells) == 12
    assert not state.missing and not state.failures
    again = look(path, state.store)
    assert again.rows == state.rows and finish(again) == []


def test_a_row_tells_its_network_and_what_the_whole_one_does(state):
    finish(state)
    for cell, rows in state.rows.items():
        assert [row["k"] for row in rows] == [0, 50, 90]
        assert {row["seed"] for row in rows} == {cell.training.seed}
        assert {row["hidden"] for row in rows} == {"8-5"}
        assert {row["network"] for row in rows} == {
            state.store.trained(state.name(cell.training), state.settings(cell.training))["sha256"]
        }
        if cell.repair == "none":
            assert rows[0]["accuracy"] == rows[0]["unpruned"]


@pytest.mark.parametrize("done", [0, 1, 5, 11])
def test_whatever_was_done_before_the_end_is_the_same(state, path, tmp_path, done):
    finish(state)
    other = look(path, planted.plant(path, tmp_path / "other"))
    with crew.alone() as here:
        course = study.run(other, here)
        for _ in range(done):
            next(course)
        course.close()
    resumed = look(path, other.store)
    assert len(resumed.rows) == done
    finish(resumed)
    assert resumed.rows == state.rows
    for path in state.store.cells.glob("s*.json"):
        assert (other.store.cells / path.name).read_bytes() == path.read_bytes()


def test_a_failing_cell_is_named_and_the_others_are_there(path, tmp_path):
    state = look(path, planted.plant(path, tmp_path / "out", broken=[1]))
    finish(state)
    assert {cell.training.seed for cell in state.missing} == {1}
    assert set(state.failures) == {state.name(cell) for cell in state.missing}
    assert set(state.failures.values()) == {
        "the network's outputs overflow float32; train it again"
    }
    assert len(state.rows) == 8


def test_a_failure_is_not_kept_so_that_the_next_run_tries_again(path, tmp_path):
    state = look(path, planted.plant(path, tmp_path / "out", broken=[1]))
    finish(state)
    planted.plant(path, tmp_path / "out")
    again = look(path, state.store)
    assert len(again.missing) == 4
    finish(again)
    assert not again.missing and not again.failures


def test_images_that_are_others_on_a_worker_are_noticed(state):
    cell = state.cells[0]
    network = state.store.network(state.name(cell.training))
    others = replace(state.source, test="0" * 64)
    _, value, failure = study.work(cell, study.Sent(network), others, None)
    assert value is None and "the test images here are others than asked for" in failure


class Elsewhere:
    """A network with a class of the user's own that a worker does not have."""

    def __reduce__(self):
        return of_words, (["gone:Scale"],)


def test_a_network_that_a_worker_cannot_read_is_a_line_and_no_lost_worker(state):
    sent = pickle.loads(pickle.dumps(study.Sent(Elsewhere())))
    _, value, failure = study.work(state.cells[0], sent, state.source, None)
    assert value is None and "--trust gone:Scale: cannot import 'gone'" in failure


def losing(lost, times):
    """Return a crew whose workers vanish under the cells in `lost`, so often each."""
    left = dict.fromkeys(lost, times)
    together = []

    def submit(function, cell, *args):
        future = Future()
        together.append(cell)
        if left.get(cell):
            left[cell] -= 1
            future.set_exception(BrokenExecutor("gone"))
        else:
            future.set_result(function(cell, *args))
        return future

    return Crew(2, None, submit, (BrokenExecutor,)), together


def test_a_cell_whose_worker_vanishes_is_tried_again(state):
    here, tried = losing(state.cells[3:5], times=2)
    list(study.run(state, here))
    assert not state.missing and not state.failures
    assert [tried.count(cell) for cell in state.cells[2:6]] == [1, 3, 3, 1]


def test_a_cell_that_always_loses_its_worker_fails_and_the_others_do_not(state):
    here, tried = losing(state.cells[3:4], times=99)
    list(study.run(state, here))
    assert state.missing == [state.cells[3]] and tried.count(state.cells[3]) == 3
    (failure,) = state.failures.values()
    assert failure == "its worker was lost 3 times, last by BrokenExecutor"


def test_a_scheduler_that_goes_away_is_no_failure_of_a_cell(state):
    def submit(*args):
        future = Future()
        future.cancel()
        future.set_running_or_notify_cancel()
        return future

    with pytest.raises(EnvironmentFailure, match="the scheduler has gone away; what is done is"):
        list(study.run(state, Crew(1, None, submit)))


def test_a_network_that_cannot_be_trained_fails_its_cells_alone(path, tmp_path):
    """Seed 2 is not there and its training finds no such images; nothing of TensorFlow runs."""
    store = planted.plant(path, tmp_path / "out")
    state = look(path, store)
    gone = state.cells[-1].training
    for path in store.networks.glob("s2-*"):
        path.unlink()
    state = study.look(state.cells, state.source, store)
    assert state.untrained == [gone]

    def submit(function, cell, *args):
        future = Future()
        failed = (0.0, None, "no images")
        future.set_result(failed if cell == gone else function(cell, *args))
        return future

    list(study.run(state, Crew(2, None, submit)))
    assert len(state.rows) == 8 and len(state.failures) == 5
    name = state.name(gone)
    assert set(state.failures.values()) == {"no images", f"its network {name} failed"}
