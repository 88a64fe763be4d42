"""Names from files do no harm wherever they are shown."""

from __future__ import annotations

import csv
import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from attacks.material import IMAGES, LABELS, npz
from attacks.names import HOSTILE, called
from prune.files.names import printable, short
from prune.views.tables import Table, to_markdown

NAMES = {
    **HOSTILE,
    "letters_of_other_scripts": "层\u0928\u0940 \u0627",
    "combining": "a" + "\u0301" * 99,
}
WRITTEN = ("table.csv", "table.json", "table.md", "run.json", "allocation.json", "training.csv")


@pytest.fixture
def mapped(prune, tmp_path):
    """Run `sensitivity`, which shows layers' names everywhere, on a network with such a name."""

    def run(name):
        path = called(tmp_path, name)
        data = npz(tmp_path / "d.npz", x_test=IMAGES, y_test=LABELS, x_train=IMAGES, y_train=LABELS)
        argv = ("--k", "0,50", "--out", tmp_path / "out")
        status, out, err = prune("sensitivity", "--weights", path, "--data", data, *argv)
        assert status == 0, err
        return out, err, tmp_path / "out"

    return run


@pytest.mark.parametrize("title", NAMES)
def test_a_name_is_harmless_in_every_file_and_on_the_terminal(mapped, title):
    out, err, folder = mapped(NAMES[title])
    assert all(letter == "\n" or letter.isprintable() for letter in out + err)
    assert max(map(len, (out + err).split("\n"))) < 500
    texts = {name: (folder / name).read_text() for name in WRITTEN}
    for text in texts.values():
        assert all(letter == "\n" or letter.isprintable() for letter in text)
    for name in ("table.csv", "training.csv"):
        cells = [cell for line in csv.reader(texts[name].splitlines()) for cell in line]
        assert not any(cell.lstrip()[:1] in tuple("=+-@\t\r") and cell for cell in cells)
    assert not re.search(r"(?<!\\)[<`\[]", texts["table.md"])
    lines = texts["table.md"].splitlines()
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines if line.startswith("|")} == {3}
    ElementTree.parse(folder / "sensitivity.svg")
    row = json.loads(texts["table.json"])[0]
    assert row["layers"] == short(NAMES[title])


@pytest.mark.parametrize("title", ["markup", "mathematics", "letters_without_end"])
def test_a_layer_is_kept_by_the_name_that_is_shown(prune, tmp_path, title):
    path = called(tmp_path, NAMES[title])
    data = npz(tmp_path / "d.npz", x_test=IMAGES, y_test=LABELS)
    argv = ["weight", "--weights", path, "--data", data, "--include-output", "--format", "json"]
    status, out, err = prune(*argv, "--keep", short(NAMES[title]), "--k", "100")
    assert status == 0, err
    assert [row["layers"] for row in json.loads(out)] == ["dense_1"]


def test_markdown_shows_what_is_written():
    text = to_markdown(Table(["a|b"], [["<i>`x`</i> \\ [l](u)"]], "note"))
    assert r"a\|b" in text and r"\<i\>\`x\`\</i\> \\ \[l\](u)" in text


def test_names_are_printable_and_bounded(rng):
    for _ in range(300):
        name = "".join(map(chr, rng.integers(0, 0x3000, 200)))
        assert short(name).isprintable() and len(short(name)) <= 123
    assert printable("dense_1 ä 层") == "dense_1 ä 层"
    assert printable("\x1b\n\u202e\ud800") == r"\x1b\n\u202e\ud800"
    assert np.str_(printable("")) == ""
