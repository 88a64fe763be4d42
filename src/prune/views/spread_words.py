"""Families -> what they say, in sentences that say how sure that is."""

from __future__ import annotations

from prune.core.spread import Spread, spread
from prune.views import telling
from prune.views.families import Comparison, Family, compare
from prune.views.spread_tables import published_lines, throughout


def conclusion(found: list[Family]) -> str:
    """Say how far each family goes, and which is best where that matters."""
    lines = [throughout(found), _extents(found)]
    for kind in dict.fromkeys(family.kind for family in found):
        own = [family for family in found if family.kind == kind]
        if len(own) > 1 and (said := _best(own)):
            lines.append(said)
    lines += [_methods(found), where_published(found)]
    return "\n".join(filter(None, lines))


def _extents(found: list[Family]) -> str:
    told = [f"{family.label} {_reach(family)}" for family in found]
    return f"Mean of the largest k within 1 point of each unpruned network: {'; '.join(told)}."


def _reach(family: Family) -> str:
    reached = list(family.reach().values())
    kept = [k for k in reached if k >= 0]
    first = f"k = {min(family.accuracy):g}"
    if not kept:
        return f"not to {first} (n = {len(reached)})"
    each = spread(kept)
    missed = len(reached) - len(kept)
    told = f", {missed} more not to {first}" if missed else ""
    if each.low is None or each.low == each.high:
        return f"up to k = {each.mean:g} (n = {each.n}{told})"
    where = telling.between(each, f"{each.low:.3g}", f"{each.high:.3g}")
    return f"up to k = {each.mean:.3g} ({where}, n = {each.n}{told})"


def _methods(found: list[Family]) -> str:
    """Say which method holds longer, network by network, of the first family of each."""
    first = {family.method: family for family in reversed(found)}
    if len(first) < 2:
        return ""
    weight, unit = first["weight"], first["unit"]
    ours, theirs = weight.reach(), unit.reach()
    same = weight.training == unit.training and list(weight.accuracy) == list(unit.accuracy)
    shared = [seed for seed in ours if seed in theirs] if same else []
    if len(shared) < 2 or any(min(ours[seed], theirs[seed]) < 0 for seed in shared):
        return ""
    each = spread([ours[seed] - theirs[seed] for seed in shared])
    if each.low == each.high == 0:
        return f"{weight.label} and {unit.label} hold equally long on all {each.n} networks."
    where = telling.between(each, f"{each.low:+.1f}", f"{each.high:+.1f}")
    return (
        f"{weight.label} holds for {each.mean:+.1f} of k against {unit.label} ({where}, "
        f"n = {each.n}, network by network): equal k, not equal size."
    )


def _best(found: list[Family]) -> str:
    """Say which family is best at the largest k where one still keeps its accuracy.

    At k = 0 nothing is pruned, and so nothing is better.
    """
    shared = set.intersection(*(set(family.accuracy) for family in found)) - {0}
    if not shared:
        return ""
    k = max((k for k in shared if _keeps(found, k)), default=min(shared))
    order = sorted(found, key=lambda family: family.spread(k).mean, reverse=True)
    pair = compare(order[0], order[1], k)
    return f"At k = {k:g} {verdict(pair)}" if pair else ""


def _keeps(found: list[Family], k: float) -> bool:
    return any(
        family.spread(k).mean >= spread(list(family.unpruned.values())).mean - 0.01
        for family in found
    )


def verdict(pair: Comparison) -> str:
    """Say whether one family beats another.

    The interval says nothing of how many were compared before: the best of many is flattered.
    """
    difference, n = pair.difference, pair.difference.n
    names = f"{pair.better.label} {{}} {pair.worse.label}"
    on = "on one network, which is no evidence" if n == 1 else f"on all {n} networks"
    if difference.mean == 0 and not difference.low and not difference.high:
        return f"{names.format('gives the same as')} {on}."
    more = names.format("gives more than" if difference.mean > 0 else "gives no more than")
    if n == 1:
        return f"{more} {on}."
    if not difference.enough:
        return f"{more}: {_points(difference)}, pair by pair; {n} networks are no evidence)."
    said = "beats" if pair.certain else "cannot be told from"
    return f"{names.format(said)}: {_points(difference)}, pair by pair)."


def _points(each: Spread) -> str:
    low, high = 100 * (each.low or 0), 100 * (each.high or 0)
    where = telling.between(each, f"{low:+.2f}", f"{high:+.2f}")
    return f"{100 * each.mean:+.2f} points ({where}, n = {each.n}"


def where_published(found: list[Family]) -> str:
    """Say where the published numbers fall among runs of the same structure."""
    lines = published_lines(found)
    if not lines:
        return ""
    runs = min(len(runs) for *_, runs in lines)
    if runs < 2:
        return "One network tells nothing about where the published numbers fall."
    outside = [
        f"{method} k = {k:g} ({share:.2%} against {own[0]:.2%} to {own[-1]:.2%})"
        for method, k, share, _, own in lines
        if not own[0] <= share <= own[-1]
    ]
    chance = 2 / (runs + 1)
    inside = len(lines) - len(outside)
    told = f"; outside: {', '.join(outside)}" if outside else ""
    return (
        f"Of the {len(lines)} published numbers {inside} lie within the range of {runs} networks"
        f"{told}. One more network of the same recipe would be outside with a chance of "
        f"2 / {runs + 1} at each k, so {chance * len(lines):.1f} of {len(lines)} are expected."
    )
