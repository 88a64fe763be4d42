"""What Blalock et al. (2020) ask of results, and how each is judged from what runs hold.

"What is the State of Neural Network Pruning?", arXiv 2003.03033, section 6 and its checklist: as
far as a machine can tell.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from prune.core.judge import ACCURACY
from prune.core.spread import ENOUGH
from prune.settings.pruning import UNIT, WEIGHT
from prune.views.page.curves import Curve, Point
from prune.views.page.facts import Facts

RANDOM = "random"
_PLAIN = {WEIGHT: "magnitude", UNIT: "norm"}
_OLD = ("obd", "obs", "magnitude")  # 1990, 1993 and 1989
_RECENT = ("activation", "lamp", "taylor")  # 2023, 2021 and 2016
_BESIDE = {WEIGHT: "magnitude,obd,activation", UNIT: "norm,obs,activation"}
_PAIRS, _POINTS = 3, 5
_FALLEN = 0.1  # of accuracy: a substantial decline
_TWICE = "0,50,75,87.5,93.75,96.875"  # 2, 4, 8, 16 and 32 times
_SWEEPS = ("weight", "unit", "compare")


class Verdict(NamedTuple):
    """Whether an item is met, None if it does not apply; what was found, and what would help."""

    met: bool | None
    found: str
    command: str = ""


class Item(NamedTuple):
    """Something that is asked of results."""

    asks: str
    check: Callable[[Sequence[Facts]], Verdict]


def again(found: Sequence[Facts], *options: str) -> str:
    """Return the command of the first run with more options; a study's file says the rest."""
    words = [
        word for word in found[0].run.record["command"] if word not in ("-q", "--quiet", "--html")
    ]
    if words[1:2] not in ([name] for name in _SWEEPS):
        words = ["prune", "compare"]
    for option in options[::2]:
        words = _without(words, option)
    return shlex.join([*_without(words, "--out"), *filter(None, options)])


def _without(words: list[str], option: str) -> list[str]:
    """Return words without an option and its values."""
    kept: list[str] = []
    inside = False
    for word in words:
        inside = word == option or (inside and not word.startswith("--"))
        if not inside and not word.startswith(f"{option}="):
            kept.append(word)
    return kept


def _curves(found: Iterable[Facts]) -> list[Curve]:
    return [curve for facts in found for curve in facts.curves]


def _asked(found: Iterable[Facts]) -> list[Curve]:
    return [curve for curve in _curves(found) if curve.criterion != RANDOM]


def _pairs(found: Sequence[Facts]) -> Verdict:
    other = [facts for facts in found if facts.data_name != "mnist"]
    pairs = {(facts.data, kind) for facts in other for kind in _kinds(facts)}
    told = f"{len(pairs)} of network and data, MNIST not counted"
    more = "prune compare --weights OTHER.keras --data OTHER.npz --out results/other"
    return Verdict(len(pairs) >= _PAIRS, told, more)


def _kinds(facts: Facts) -> set[str]:
    """Tell networks apart: those that were trained by their sizes, others by their sums."""
    return {str(row.get("hidden") or sorted(facts.networks)) for row in facts.run.rows}


def _networks(found: Sequence[Facts]) -> Verdict:
    least = min(
        (point.measured.networks for curve in _asked(found) for point in curve.points), default=1
    )
    told = f"{least} at the point with fewest" if least > 1 else "one network, which is no evidence"
    if any(facts.run.record["settings"].get("weights") for facts in found):
        return Verdict(least >= ENOUGH, told, "prune study FILE.toml")
    return Verdict(least >= ENOUGH, told, again(found, "--seeds", "0-4"))


def _intervals(found: Sequence[Facts]) -> Verdict:
    several = any(point.measured.networks > 1 for curve in _curves(found) for point in curve.points)
    over = "bootstrap, over networks" if several else "Wilson, over the test images of one network"
    return Verdict(True, f"95 % intervals at every point: {over}")


def _points(found: Sequence[Facts]) -> Verdict:
    least = min(
        sum(point.k > 0 for point in curve.points) for curve in _asked(found) or _curves(found)
    )
    return Verdict(
        least >= _POINTS, f"{least} in the curve with fewest", again(found, "--k", _TWICE)
    )


def _range(found: Sequence[Facts]) -> Verdict:
    fallen = [
        facts.whole is not None
        and any(
            _has_fallen(curve, point, facts.whole.value)
            for curve in facts.curves
            for point in curve.points
        )
        for facts in found
    ]
    told = "some points have lost much" if all(fallen) else "no point has lost much"
    return Verdict(all(fallen), told, again(found, "--k", "0,50,90,95,99,99.5"))


def _has_fallen(curve: Curve, point: Point, unpruned: float) -> bool:
    if curve.metric.name != ACCURACY:
        return not curve.metric.holds(point.measured.value, unpruned)
    return point.measured.value < unpruned - _FALLEN


def _raw(found: Sequence[Facts]) -> Verdict:
    known = all(facts.whole for facts in found)
    told = (
        "of every point and of the unpruned network" if known else "the unpruned one is not known"
    )
    return Verdict(known, told, again(found))


def _costs(found: Sequence[Facts]) -> Verdict:
    both = all(
        {"parameters", "multiply-adds"} <= p.costs.keys() for c in _curves(found) for p in c.points
    )
    told = "parameters and multiply-adds at every point" if both else "some rows do not count them"
    return Verdict(both, told, again(found))


def _time(found: Sequence[Facts]) -> Verdict:
    timed = all("time" in point.costs for curve in _curves(found) for point in curve.points)
    told = "measured at every point" if timed else "multiply-adds are theory: no time was measured"
    return Verdict(timed, told, again(found, "--x", "time"))


def _random(found: Sequence[Facts]) -> Verdict:
    return _control(found, lambda curve: True, "random pruning")


def _random_alike(found: Sequence[Facts]) -> Verdict:
    def alike(curve: Curve) -> bool:
        scope = str(curve.points[0].rows[0].get("scope", ""))
        return scope == "layer" or scope.startswith("counts of")

    return _control(found, alike, "random pruning with the shares of each layer")


def _control(found: Sequence[Facts], fits: Callable[[Curve], bool], what: str) -> Verdict:
    own = [curve for curve in _curves(found) if curve.criterion == RANDOM and fits(curve)]
    without = {curve.method for curve in _asked(found)} - {curve.method for curve in own}
    told = (
        f"no {what} by {' and '.join(sorted(without))}" if without else f"{what} beside each method"
    )
    return Verdict(not without, told, again(found, "--controls", ""))


def _magnitude(found: Sequence[Facts]) -> Verdict:
    plain = {each.method for each in _curves(found) if each.criterion == _PLAIN[each.method]}
    without = {curve.method for curve in _asked(found)} - plain
    told = f"not by {' and '.join(sorted(without))}" if without else "there for each method"
    names = ",".join(dict.fromkeys([*_PLAIN.values(), *(c.criterion for c in _asked(found))]))
    return Verdict(not without, told, again(found, "--criterion", names))


def _others(found: Sequence[Facts]) -> Verdict:
    used = {curve.criterion for curve in _asked(found)}
    old, recent = used & set(_OLD), used & set(_RECENT)
    names = [", ".join(sorted(each)) or "none" for each in (old, recent)]
    told = f"before 2010: {names[0]}; recent: {names[1]}"
    method = (_asked(found) or _curves(found))[0].method
    return Verdict(bool(old and recent), told, again(found, "--criterion", _BESIDE[method]))


def _trained(found: Sequence[Facts]) -> list[Curve]:
    return [curve for curve in _asked(found) if curve.points[0].rows[0].get("retrain")]


def _retrained(found: Sequence[Facts]) -> Verdict:
    trained = _trained(found)
    if not trained:
        return Verdict(None, "nothing was trained after pruning")
    kinds = {_training(curve) for curve in trained}
    controls = {_training(curve) for curve in _curves(found) if curve.criterion == RANDOM}
    told = "random pruning is trained as long" if kinds <= controls else "no control is trained so"
    return Verdict(kinds <= controls, told, again(found, "--controls", ""))


def _training(curve: Curve) -> tuple[object, ...]:
    row = curve.points[0].rows[0]
    return curve.method, row.get("retrain"), row.get("schedule"), row.get("start")


def _scratch(found: Sequence[Facts]) -> Verdict:
    if not _trained(found):
        return Verdict(None, "nothing was trained after pruning")
    starts = {str(curve.points[0].rows[0].get("start")) for curve in _trained(found)}
    told = f"started from: {', '.join(sorted(starts))}"
    return Verdict("scratch" in starts, told, again(found, "--scratch", ""))


def _held_out(found: Sequence[Facts]) -> Verdict:
    if not _trained(found):
        return Verdict(None, "nothing was chosen while training")
    told = all(p.rows[0].get("validation") is not None for c in _trained(found) for p in c.points)
    said = "accuracy on images held out stands beside that on test images"
    return Verdict(told, said if told else "no images were held out to choose by", again(found))


def _settings(found: Sequence[Facts]) -> Verdict:
    told = all(facts.run.record["settings"] for facts in found)
    return Verdict(told, "every option, defaults too" if told else "not all", again(found))


def _machine(found: Sequence[Facts]) -> Verdict:
    told = all(facts.run.record.get("machine") and facts.run.record["versions"] for facts in found)
    return Verdict(told, "versions, system, processor" if told else "not all", again(found))


def _sums(found: Sequence[Facts]) -> Verdict:
    told = all(facts.data and facts.networks for facts in found)
    return Verdict(told, "sha256 of both" if told else "a sum is missing", again(found))


def _code_of(found: Sequence[Facts]) -> Verdict:
    versions = {str(facts.run.record["versions"].get("prune", "")) for facts in found}
    commits = {str(facts.run.record["git"])[:12] for facts in found if facts.run.record.get("git")}
    told = ", ".join([f"prune {' '.join(sorted(versions))}", *sorted(commits)])
    return Verdict(all(versions), told)


ITEMS = (
    Item("three pairs of network and data or more; MNIST does not count", _pairs),
    Item(f"{ENOUGH} networks or more, from seeds of their own", _networks),
    Item("an interval at each point, and of what it is", _intervals),
    Item(f"{_POINTS} points or more on each curve", _points),
    Item("points so far out that accuracy falls", _range),
    Item("accuracy itself, not its change, and that of the unpruned network", _raw),
    Item("compression and theoretical speed-up at once", _costs),
    Item("measured time, if speed is spoken of", _time),
    Item("random pruning as a control", _random),
    Item("random pruning with the same share of each layer", _random_alike),
    Item("magnitude beside it: of weights, or the norm of units", _magnitude),
    Item("a technique from before 2010 and a recent one", _others),
    Item("controls retrained as long", _retrained),
    Item("the small network trained from scratch", _scratch),
    Item("images held out to choose by", _held_out),
    Item("all settings", _settings),
    Item("software and machine", _machine),
    Item("network and data that can be recognised", _sums),
    Item("code that can be had", _code_of),
)
