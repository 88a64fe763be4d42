"""The page: whole in itself, readable without a script, safe whatever it shows, and bounded."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import planted
from attacks.material import IMAGES, LABELS, npz
from attacks.names import HOSTILE, called
from prune import PruneError
from prune.cli import main as cli
from prune.core.outline import INPUT, Count, Node
from prune.files import folders
from prune.files.folders import Run
from prune.files.names import short
from prune.files.outlines import Layers
from prune.views.page import items, lanes
from prune.views.page.beside import newcombe
from prune.views.page.facts import Facts
from prune.views.page.page import LIMIT, page

_VOID = {"input", "meta", "br", "col"}
_FOREIGN = {"src", "srcset", "action", "data", "poster", "background", "ping", "xlink:href"}


class Seen(HTMLParser):
    """A page as a browser takes it: elements, attributes, texts, and whether all is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]

    def text(self, *without):
        return " ".join(
            text for tag, text in self.texts if tag not in ("script", "style", *without)
        )


def check(text):
    """Hold a page to all that is promised of every page; return it as it is seen."""
    assert len(text.encode()) < LIMIT
    seen = Seen(text)
    names = Counter(attrs["id"] for _, attrs in seen.tags if "id" in attrs)
    assert set(names.values()) <= {1}
    for tag, attrs in seen.tags:
        assert not _FOREIGN & set(attrs), (tag, attrs)
        assert not [name for name in attrs if name.startswith("on") or name == "style"]
        assert attrs.get("href", "#").startswith("#") and tag not in ("link", "base", "iframe")
        if "href" in attrs:
            assert attrs["href"][1:] in names
    styles = "".join(text for tag, text in seen.texts if tag == "style")
    assert set(re.findall(r"url\(([^)]*)\)", styles)) <= {"#cut"} and "@import" not in styles
    (script,) = [text for tag, text in seen.texts if tag == "script"]
    assert len(script) <= 3000 and not re.search("fetch|eval|innerHTML|http|import", script)
    # Each chart that one can choose has its button, and one is chosen from the start.
    radios = seen.all("input")
    groups = Counter(attrs["name"] for attrs in radios)
    chosen = Counter(attrs["name"] for attrs in radios if "checked" in attrs)
    assert set(chosen) == set(groups) and set(chosen.values()) <= {1}
    labels = {attrs["for"] for attrs in seen.all("label")}
    assert {attrs["id"] for attrs in radios} == labels
    for attrs in seen.all("svg"):
        assert attrs.get("aria-hidden") == "true" or attrs.get("aria-label")
    assert len(seen.all("h1")) == 1
    return seen


COMMANDS = {
    "compare": ["compare", "--k", "0,50,90", "--x", "time"],
    "weight": ["weight", "--k", "0,50,90", "--controls", "--criterion", "magnitude,obs"],
    "sensitivity": ["sensitivity", "--k", "0,50"],
    "shrink": ["shrink", "--method", "unit", "--k", "50", "--save", "s.keras"],
    "search": ["search", "--max-drop", "5", "--criterion", "norm", "--method", "unit"],
    "bench": ["bench", "--k", "50", "--rounds", "2", "--batch", "1,7"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_writes_a_page_that_needs_nothing_else(prune, tiny, name):
    status, _, err = prune(*COMMANDS[name], *tiny, "--out", "o", "--html")
    assert status == 0, err
    assert "Page: o/report.html" in err
    content = Path("o/report.html").read_text()
    seen = check(content)
    assert len(seen.all("h2")) >= 2 and len(seen.all("table")) >= 5
    status, out, err = prune("report", "o", "--out", "again")
    assert (status, out) == (0, "again/report.html\n"), err
    assert Path("again/report.html").read_text() == content


def test_no_page_is_written_unasked(prune, tiny):
    assert prune("weight", *tiny, "--k", "50", "--out", "o")[0] == 0
    assert not Path("o/report.html").exists()


def test_a_study_has_its_means(prune, tiny_data, tmp_path):
    path = planted.settings(tiny_data)
    planted.plant(path, tmp_path / "work" / "o")
    status, _, err = prune("study", path, "--out", "o", "-q", "--html")
    assert status == 0, err
    seen = check(Path("o/report.html").read_text())
    assert "mean of 3 networks" in seen.text()
    assert "3 networks on" in seen.text()


def test_every_row_and_every_setting_is_on_the_page(prune, tiny):
    prune("compare", *tiny, "--k", "0,12.5,90", "--seed", "7", "--out", "o", "--html")
    seen, record = (
        check(Path("o/report.html").read_text()),
        json.loads(Path("o/run.json").read_text()),
    )
    cells = {text for tag, text in seen.texts if tag in ("td", "th")}
    for row in json.loads(Path("o/table.json").read_text()):
        assert {f"{row['correct']}", f"{row['accuracy']:.4f}", f"{row['effective']:,}"} <= cells
    assert {"12.5", "seed", "7", record["inputs"]["data"]["sha256"], "numpy"} <= cells
    assert record["results"]["conclusion"] in seen.text()
    assert "prune compare --weights" in seen.text()


def test_the_tiles_tell_the_least_that_keeps_the_accuracy(prune, tiny):
    prune("weight", *tiny, "--k", "0,10,99", "--out", "o", "--html")
    rows = json.loads(Path("o/table.json").read_text())
    kept = [row for row in rows if row["k"] and row["accuracy"] >= rows[0]["accuracy"] - 0.01]
    text = check(Path("o/report.html").read_text()).text()
    point = kept[-1] if kept else rows[1]
    assert f"At weight, k = {point['k']:g}:" in text
    assert f"{100 * point['accuracy']:.2f} %" in text


@pytest.mark.parametrize("title", HOSTILE)
def test_names_from_files_stay_text(prune, tmp_path, title):
    path = called(tmp_path, HOSTILE[title])
    data = npz(tmp_path / "d'\"<b>.npz", x_test=IMAGES, y_test=LABELS)
    name = "o'\"<i>&amp;"
    argv = ("--weights", path, "--data", data, "--include-output", "--k", "0,50", "--html")
    status, _, err = prune("weight", *argv, "--out", name)
    assert status == 0, err
    content = (Path(name) / "report.html").read_text()
    seen = check(content)
    assert short(HOSTILE[title]) in seen.text() or len(HOSTILE[title]) > 30
    assert "d'\"<b>.npz" in seen.text()
    assert {"b", "i", "img", "a"} & {tag for tag, attrs in seen.tags} <= {"b"}
    assert all(letter == "\n" or letter.isprintable() for letter in content)


def test_several_runs_are_joined_on_network_and_data(prune, tiny, tmp_path, rng):
    prune("weight", *tiny, "--k", "0,50,90", "--out", "one")
    prune("weight", *tiny, "--k", "50,90", "--seed", "3", "--criterion", "random", "--out", "two")
    prune("sensitivity", *tiny, "--k", "50", "--out", "each")
    other = tmp_path / "other.npz"
    np.savez(other, x_test=rng.integers(0, 256, (9, 2, 3), np.uint8), y_test=np.arange(9) % 3)
    prune("weight", *tiny[:2], "--data", other, "--k", "50", "--out", "elsewhere")
    prune("weight", *tiny, "--k", "50", "--limit", "70", "--out", "fewer")
    status, out, err = prune("report", "one", "two", "each", "elsewhere", "fewer")
    assert (status, out) == (0, "results/report/report.html\n"), err
    text = check(Path(out.strip()).read_text()).text()
    rows = [json.loads(Path(name, "table.json").read_text()) for name in ("one", "two")]
    gain = 100 * (rows[1][0]["accuracy"] - rows[0][1]["accuracy"])
    assert f"{gain:+.2f} (" in text
    assert "one and elsewhere: other test images" in text
    assert "one and fewer: other test images" in text
    assert "one and each: sensitivity has no curve of the whole network" in text
    assert "accuracy lost where a layer alone is pruned" in text


def test_other_networks_on_the_same_images_are_not_subtracted():
    runs = [Facts(_run(name, network)) for name, network in (("a", "1"), ("b", "2"))]
    text = page([facts.run for facts in runs])
    assert "a and b: the same test images, but other networks" in check(text).text()
    assert "Paired differences" not in text


def _row(method, k, correct=900, **more):
    row = {"method": method, "criterion": "magnitude", "k": k, "accuracy": correct / 1000}
    row |= {"correct": correct, "total": 1000, "loss": 0.1, "pruned": int(k), "prunable": 100}
    row |= {"nonzero": 10, "parameters": 100, "seed": 0, "scope": "layer", "repair": "none"}
    return row | more


def _run(name="run", network="1", rows=None, layers=None, **settings):
    record = {
        "command": ["prune", "compare"],
        "settings": {"data": "mnist", **settings},
        "inputs": {"weights": {"sha256": network}, "data": {"sha256": "9"}},
        "versions": {"prune": "0"},
        "results": {},
        "status": "finished",
    }
    rows = rows or [_row("weight", k) for k in (0, 50)]
    return Run(name, record, tuple(rows), layers)


@pytest.mark.parametrize("hostile", ["</script><script>alert(1)</script>", "\"onload='x'", "&lt;"])
def test_whatever_a_record_holds_is_shown_as_it_is(hostile):
    run = _run(hostile, hostile, [_row("weight", 50, criterion=hostile, layers=hostile)])
    run.record["settings"] |= {hostile: hostile, "weights": hostile, "data": hostile}
    run.record["command"].append(hostile)
    run.record["results"]["conclusion"] = hostile
    seen = check(page([run, run]))
    assert hostile in seen.text() and len(seen.all("script")) == 1


@pytest.mark.parametrize(("curves", "points", "layers"), [(1, 100, 500), (40, 40, 9)])
def test_a_page_stays_small_whatever_there_is_to_show(curves, points, layers):
    rows = [
        _row("weight", k / 4, 990 - k, criterion=f"c{i}", effective=1000 - k, macs=2000 - k)
        for i, k in product(range(curves), range(points))
    ]
    nodes = [Node(INPUT, INPUT)] + [
        Node(
            f"a_long_name_of_a_layer_{i}",
            "Conv2D",
            (f"a_long_name_of_a_layer_{i - 1}",),
            (),
            ("k",),
        )
        for i in range(layers)
    ]
    counts = (None, *(Count(9, 999, 888, 777) for _ in nodes[1:]))
    known = Layers(tuple(nodes), counts, (counts,) * len(rows))
    text = page([_run(rows=rows, layers=known)])
    check(text)
    left_out = "to keep the page small; table.csv has all" in text
    assert left_out or "All" not in text


@pytest.mark.parametrize(("runs", "curves", "charts"), [(3, 6, 4), (8, 9, 1), (40, 20, 0)])
def test_runs_side_by_side_stay_small_and_keep_their_charts_as_long_as_can_be(runs, curves, charts):
    rows = [
        _row("weight", k, 990 - k, criterion=f"c{i}", effective=1000 - k, macs=2000 - k)
        for i, k in product(range(curves), range(0, 100, 10))
    ]
    text = page([_run(rows=rows)] * runs)
    seen = check(text)
    assert len({attrs["id"] for attrs in seen.all("input")}) >= runs * charts
    if not charts:
        assert not seen.all("input")


def test_a_long_conclusion_stands_below_a_short_one():
    run = _run()
    found = [f"Way {i} holds up to k = {i}.5;" for i in range(99)]
    run.record["results"]["conclusion"] = found
    text = page([run])
    (lead,) = re.findall('<p class="lead">(.*?)</p>', text)
    assert (
        lead
        == "Of 1 way to prune the shipped network, this leaves least and keeps within 1 "
        + ("point: weight, k = 50.")
    )
    assert re.findall("<li>(Way .*?)</li>", text) == found


def test_what_a_search_chose_by_is_not_called_test(prune, tiny):
    assert prune(*COMMANDS["search"], *tiny, "--out", "o", "--html")[0] == 0
    content = Path("o/report.html").read_text()
    assert ">held-out accuracy<" in content and "test accuracy" not in content.lower()


def test_every_group_is_in_the_drawing_and_what_is_tied_has_its_letter():
    ways = {"in": (), "a": ("A1",), "b": ("B1",), "c": ("A1",), "d": ("B1",), "e": ("E1",)}
    nodes = tuple(
        Node(name, "Dense" if groups else INPUT, ("in",) * bool(groups), groups, (name,))
        for name, groups in ways.items()
    )
    counts = tuple(Count(8, 80, 80, 80) for _ in nodes)
    rows = [_row("unit", 0), _row("unit", 50)]
    seen = check(page([_run(rows=rows, layers=Layers(nodes, counts, (counts, counts)))]))
    drawn = {attrs["data-groups"] for attrs in seen.all("g") if attrs.get("data-groups")}
    assert drawn == {"A1", "B1", "E1"}
    assert len(re.findall("tied A", seen.text())) == len(re.findall("tied B", seen.text())) == 2


def test_an_unfinished_run_says_so():
    run = _run()
    run.record["status"] = "interrupted"
    assert "This run is interrupted" in page([run])


def test_a_branch_stays_together_and_no_two_edges_share_a_lane():
    nodes = [Node("in", INPUT), Node("a1", "C", ("in",)), Node("b1", "C", ("in",))]
    nodes += [Node("a2", "C", ("a1",)), Node("b2", "C", ("b1",)), Node("sum", "Add", ("a2", "b2"))]
    nodes += [Node("skip", "Add", ("sum", "in"))]
    plan = lanes.plan(tuple(nodes))
    order = [nodes[place].name for place in plan.order]
    assert abs(order.index("a2") - order.index("a1")) == 1
    assert abs(order.index("b2") - order.index("b1")) == 1
    ends = {(order[edge.start], order[edge.end]) for edge in plan.edges}
    assert ends == {(name, node.name) for node in nodes for name in node.reads}
    for edge in plan.edges:
        inside = range(edge.start + 1, edge.end)
        assert edge.lane not in [plan.lanes[row] for row in inside]
        for other in plan.edges:
            if other is not edge and other.lane == edge.lane:
                assert other.end <= edge.start or other.start >= edge.end


def test_layers_that_read_each_other_are_drawn_too():
    nodes = (Node("a", "Dense", ("b",)), Node("b", "Dense", ("a",)))
    plan = lanes.plan(nodes)
    assert sorted(plan.order) == [0, 1] and len(plan.edges) == 1


def judged(*runs):
    found = [Facts(run) for run in runs]
    return {item.asks: item.check(found) for item in items.ITEMS}


def test_a_bare_run_meets_little_and_every_command_that_is_told_is_understood():
    verdicts = judged(_run())
    missing = {asks for asks, verdict in verdicts.items() if verdict.met is False}
    assert {
        "random pruning as a control",
        "measured time, if speed is spoken of",
        "5 points or more on each curve",
        "5 networks or more, from seeds of their own",
    } <= missing
    for asks, verdict in verdicts.items():
        assert verdict.found, asks
        if verdict.command and "FILE" not in verdict.command:
            cli._understood(verdict.command.split()[1:])


def test_a_full_run_meets_what_it_holds():
    rows = [
        _row("weight", k, 990 - 9 * k, criterion=criterion, network=str(seed), seed=seed, **more)
        for criterion, k, seed in product(
            ("magnitude", "obs", "activation", "random"), (0, 50, 75, 90, 95, 99), range(5)
        )
        for more in [{"unpruned": 0.99, "effective": 9, "macs": 9, "microseconds": 1.0}]
    ]
    run = _run(rows=[{**row, "correct": max(row["correct"], 0)} for row in rows])
    run.record.update(machine={"cpu": "x"}, git="abc")
    unmet = [asks for asks, verdict in judged(run).items() if verdict.met is False]
    assert unmet == ["three pairs of network and data or more; MNIST does not count"]


def test_controls_of_a_retrained_curve_must_be_retrained_alike():
    rows = [_row("weight", k, retrain=3) for k in (0, 50)]
    control = [_row("weight", k, criterion="random", retrain=0) for k in (0, 50)]
    asks = "controls retrained as long"
    assert judged(_run(rows=rows + control))[asks].met is False
    alike = [{**row, "retrain": 3} for row in control]
    assert judged(_run(rows=rows + alike))[asks].met is True
    assert judged(_run())[asks].met is None


def test_the_interval_of_a_difference_is_newcombes():
    # Of his paper (1998, table II, method 10).
    assert newcombe((48, 80), (56, 70)) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert newcombe((3, 10), (9, 10)) == pytest.approx((0.1705, 0.8090), abs=5e-5)


@pytest.fixture
def folder(prune, tiny):
    assert prune("weight", *tiny, "--k", "0,50", "--out", "o")[0] == 0
    return Path("o")


CHANGES = {
    "run.json": [
        ("[]", "is no record of a run: it has no command"),
        ("{", "is not JSON"),
        ('{"command": [1]}', "is no record of a run"),
    ],
    "table.json": [
        ("{}", "is no table of prune"),
        ("[3]", "line 1 of its table has no method"),
        ('[{"method": "weight"}]', "line 1 of its table has no criterion"),
    ],
    "layers.json": [("{}", "is not as prune writes it")],
}


@pytest.mark.parametrize(
    ("name", "text", "told"), [(name, *each) for name, all in CHANGES.items() for each in all]
)
def test_what_no_run_has_written_is_refused_in_a_line(prune, folder, name, text, told):
    (folder / name).write_text(text)
    status, out, err = prune("report", folder)
    assert (status, out) == (2, "") and told in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [("k", "x"), ("k", 1e400), ("k", -1), ("correct", 10**9), ("accuracy", 7.0), ("method", "x")]
    + [("repair", "other"), ("loss", None), ("more", [1]), ("total", 0)],
)
def test_a_table_with_a_senseless_value_is_refused(folder, column, value):
    table = json.loads((folder / "table.json").read_text())
    table[1][column] = value
    (folder / "table.json").write_text(json.dumps(table))
    with pytest.raises(PruneError, match=r"^o: "):
        folders.read(folder)


def test_of_several_folders_one_that_cannot_be_shown_is_left_out_and_named(prune, tiny):
    assert prune("weight", *tiny, "--k", "50", "--out", "o")[0] == 0
    Path("empty").mkdir()
    status, out, err = prune("report", "o", "empty", "--out", "both")
    assert (status, out) == (4, "both/report.html\n")
    assert "left out: empty/run.json: no such file" in err
    assert "Next: prune report o OTHER_DIR" in err
    check(Path("both/report.html").read_text())
    status, out, err = prune("report", "empty", "none", "--out", "neither")
    assert (status, out) == (2, "") and not Path("neither").exists()


def test_a_folder_that_is_none_is_named(prune, tmp_path):
    status, _, err = prune("report", "nowhere")
    assert status == 2 and "no folder nowhere; give one that a run has written" in err
    (tmp_path / "work" / "empty").mkdir()
    status, _, err = prune("report", "empty")
    assert status == 2 and "run.json: no such file" in err


@pytest.mark.parametrize("column", ["loss", "score"])
def test_what_is_no_accuracy_is_shown_by_its_name(tmp_path, column):
    worse = 0.4 if column == "loss" else -0.4
    values = {0: 1.0, 25: 1.02, 50: 1.0 + worse}
    blank = {"accuracy": None, "correct": None, "loss": None, "metric": "mean squared error"}
    rows = [_row("weight", k) | blank | {column: value} for k, value in values.items()]
    run = _run(rows=rows)
    run.record["results"]["unpruned"] = blank | {"total": 1000, column: 1.0}
    (tmp_path / "run.json").write_text(json.dumps(run.record))
    (tmp_path / "table.json").write_text(json.dumps(rows))
    text = check(page([folders.read(tmp_path)])).text()
    assert "At weight, k = 25: the least that keeps a mean squared error within a tenth" in text
    assert "1.02" in text and "accuracy %" not in text and " %)" not in text
    both = check(page([run, run])).text()
    assert "mean squared error was measured, of which no differences are taken" in both
