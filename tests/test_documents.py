"""What people read first is true: commands parse, links lead somewhere, figures are recorded."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest

from prune.cli.main import _understood

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
FINDINGS = ROOT / "docs" / "findings.md"
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("results/*.md"),
        ROOT / "weights/README.md",
    ]
)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


def blocks(text):
    """Yield what stands together: a paragraph, an item of a list, a table with what it follows."""
    parts = re.split(r"\n\n+|\n(?=- )", text)
    for part, after in zip(parts, [*parts[1:], ""], strict=True):
        if not part.startswith("|"):
            yield f"{part}\n{after}" if after.startswith("|") else part


def commands(text):
    """Yield the commands of ours in a document: lines of their own and words in code."""
    lines = re.findall(r"^    (?:.*&& )?(?:\S*/)?(prune .*)$", text, re.M)
    spans = re.findall(r"`(prune [^`]+)`", text)
    for command in (*lines, *spans):
        words = shlex.split(command, comments=True)[1:]
        named = len(words) == 1 and f"`prune {words[0]}`" in text  # a command, not how to call it
        plain = not named and not any(word.isupper() or word in (">", "&&") for word in words)
        if plain and not {"--help", "--version"} & set(words):
            yield words


def linked(path, text):
    """Return the files that a text of the document in `path` links to, but for addresses."""
    names = [name for name in LINK.findall(text) if not re.match(r"https?:", name)]
    return [(path.parent / name).resolve() for name in names]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    assert [str(each) for each in linked(path, path.read_text()) if not each.exists()] == []


def test_the_readme_is_a_first_screen():
    lines = README.splitlines()
    assert len(lines) <= 80
    assert [line for line in lines if len(line) > 120] == []
    prose = [block.splitlines() for block in blocks(README)]
    long = [block for block in prose if sum(not line.startswith("    ") for line in block) > 4]
    assert long == []


# In these stand forms of options and what an attack was: no commands to type.
NONE_TO_TYPE = {"CHANGELOG.md", "attacks.md", "exit-codes.md"}
TYPED = [path for path in DOCUMENTS if path.name not in NONE_TO_TYPE]


@pytest.mark.parametrize("path", TYPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_is_one_that_is_understood(path):
    for words in commands(path.read_text()):
        _understood(words)


@pytest.mark.parametrize("name", ["README.md", "docs/findings.md", "docs/tutorial.md"])
def test_commands_are_found_where_there_are_some(name):
    assert len(list(commands((ROOT / name).read_text()))) > 5


def test_every_page_of_the_documentation_is_reached_from_its_first():
    waiting, reached = [ROOT / "docs" / "README.md"], set()
    while waiting:
        page = waiting.pop()
        if page.suffix == ".md" and page not in reached:
            reached.add(page)
            waiting += linked(page, page.read_text())
    assert set(ROOT.glob("docs/*.md")) <= reached


def test_the_tests_are_run_as_the_readme_says():
    (line,) = re.findall(r"^    (.*pytest.*)$", README, re.M)
    assert line in (ROOT / ".ci" / "run").read_text().splitlines()


def test_the_readme_shows_what_compare_prints():
    shown = [
        re.split(r" {2,}", line.strip()) for line in re.findall(r"^    +(\d+  .*)$", README, re.M)
    ]
    table = (ROOT / "results/compare/table.md").read_text().split("\n\n")[0]
    rows = [re.split(r" *\| *", line.strip("| ")) for line in table.splitlines()[2:]]
    assert shown == rows


def test_the_still_of_the_terminal_shows_the_same_table_and_needs_nothing_else():
    still = (ROOT / "results/still.svg").read_text()
    texts = (each.text for each in ElementTree.fromstring(still).iter() if each.text)
    seen = "\n".join(texts).replace("\N{NO-BREAK SPACE}", " ")
    lines = re.findall(r"^    ( *\d+  .*)$", README, re.M)
    assert len(lines) == 10 and [line for line in lines if line.strip() not in seen] == []
    assert not re.search(r"(src|href)=|url\((?!#)|@import", still)


NUMBER = re.compile(r"(?<![a-z])\d{1,3}(?:,\d{3})+|(?<![a-z\d])\d+\.\d+|(?<![a-z\d])\d+")
# Figures of others, which no run of ours can have.
OF_OTHERS = {"238,600"}


def numbers(text):
    """Return the numbers in a text, and to how many decimals they are told."""
    for found in NUMBER.findall(text):
        yield found, float(found.replace(",", "")), len(found.partition(".")[2])


def recorded(figure, decimals, records):
    """Tell whether a figure, told to so many decimals, is one of the records or rounds one."""
    return any(
        places >= decimals
        and abs(value - figure) <= 0.5 * 10**-decimals * (places > decimals) + 1e-9
        for _, value, places in records
    )


def claims(path):
    """Yield each block of a document, its figures, and what the files beside them hold."""
    for block in blocks(path.read_text()):
        files = [
            each for each in linked(path, block) if each.suffix in (".md", ".csv", ".json", ".txt")
        ]
        prose = re.sub(r"`[^`]*`", "", LINK.sub("]", block))
        yield block, list(numbers(prose)), {each for each in files if each.is_file()}


def test_every_figure_of_the_findings_stands_in_the_file_beside_it():
    missing = []
    for block, figures, files in claims(FINDINGS):
        records = [number for file in files for number in numbers(file.read_text())]
        missing += [
            f"{word} in {block[:60]!r}"
            for word, figure, decimals in figures
            if "Not recorded" not in block and word not in OF_OTHERS
            if not recorded(figure, decimals, records)
        ]
    assert missing == []


def test_every_finding_has_the_command_of_its_record():
    for block, _, files in claims(FINDINGS):
        for file in files:
            record = file.parent / "run.json"
            if file.is_relative_to(ROOT / "results") and record.exists():
                words = [word for word in json.loads(record.read_text())["command"] if word != "-q"]
                assert (
                    f"`{' '.join(words)}`" in " ".join(block.split()) or shlex.join(words) in block
                )


def test_every_figure_of_the_readme_is_one_of_the_findings():
    found = list(numbers(FINDINGS.read_text()))
    table = list(numbers((ROOT / "results/compare/table.md").read_text()))
    prose = README.replace("Python 3.11 to 3.13", "")
    figures = [each for each in numbers(LINK.sub("]", prose)) if re.search(r"[.,]", each[0])]
    assert len(figures) > 60
    assert [word for word, *rest in figures if not recorded(*rest, found + table)] == []


def test_a_figure_that_nobody_measured_would_be_seen():
    records = list(numbers("98.06 97.77 to 98.31, 2,386,000, 25.2x"))
    assert (
        recorded(98.1, 1, records) and recorded(2_386_000, 0, records) and recorded(25, 0, records)
    )
    assert not recorded(98.07, 2, records) and not recorded(98.060, 3, records)
    assert not recorded(2_386_001, 0, records) and not recorded(97.9, 1, records)
