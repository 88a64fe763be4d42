"""Retraining: masks that hold, schedules that count, starts that are what they say."""

from __future__ import annotations

import csv
import io
import itertools
import json
from fractions import Fraction

import numpy as np
import pytest

from chains import chain
from conftest import make_network
from prune import PruneError
from prune.core import alive, holdout, masks, pruning, ramp, ranking, scopes
from prune.core.calibration import Calibration
from prune.core.gradients import gradients
from prune.core.network import arrays, logits, nonzero, parameters
from prune.core.plan import Plan
from prune.files import data, weights
from prune.settings.recipe import BEST_RECIPES, best
from prune.training import course as course_of
from prune.training import fit, retrain, starts
from prune.training.compiled import Examples
from prune.training.course import Course, batches
from prune.training.recipe import Recipe
from prune.training.retrain import Regime

SIZES = [12, 10, 8, 4]
RECIPE = Recipe(epochs=2, batch_size=16, learning_rate=0.01, decay="cosine")
OPTIMIZERS = ["adam", "sgd", "adamw"]


def examples(n=70, inputs=12, seed=1):
    rng = np.random.default_rng(seed)
    images = rng.random((n, inputs)).astype(np.float32)
    return Examples(images, (images[:, :4] + images[:, 4:8]).argmax(axis=1))


def cut(network, method, sparsity):
    plan = Plan(network, pruning.layers(network), (sparsity,))
    (point,) = pruning.sweep(method, {"weight": "magnitude", "unit": "norm"}[method], plan)
    return point


def removed(network, held):
    """Return everything that must be zero."""
    found = []
    for layer in network:
        if (mask := held.get(layer.name)) is not None:
            found.append(layer.kernel[~np.broadcast_to(mask, layer.kernel.shape)])
            if mask.ndim == 1 and layer.bias is not None:
                found.append(layer.bias[~mask])
    return np.concatenate(found)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("method", ["weight", "unit"])
def test_what_is_pruned_is_zero_after_every_step_and_what_is_left_moves(method, optimizer):
    network = chain(SIZES, bias=True)
    # Not zero beforehand, so that it is the training that holds them there.
    held = cut(network, method, 0.5).masks
    course = Course(network, examples(), Recipe(2, 16, 0.01, 0, optimizer), held)
    before = masks.apply(network, held)
    for _ in range(course.steps):
        course.advance(1)
        after = course.network
        assert not removed(after, held).any()
        for was, now in zip(arrays(before), arrays(after)):
            assert not np.array_equal(was, now)
        before = after


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_is_pruned_on_the_way_stays_zero_too(optimizer):
    network = chain(SIZES, bias=True)
    course = Course(network, examples(), Recipe(2, 16, 0.01, 0, optimizer))
    course.advance(5)  # so that the optimizer remembers what is about to go
    # Weights: a ReLU unit that is gone has no gradient, masked or not.
    held = cut(course.network, "weight", 0.5).masks
    course.hold(held)
    for _ in range(4):
        course.advance(1)
        assert not removed(course.network, held).any()


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_going_on_in_smaller_arrays_is_going_on(optimizer, monkeypatch):
    network, recipe, found = chain(SIZES, bias=True), Recipe(2, 16, 0.01, 0, optimizer), []
    for worth in (20_000, 0):
        monkeypatch.setattr(course_of, "_NEVER_WORTH", worth)
        course = Course(network, examples(), recipe)
        course.advance(5)
        course.hold(cut(network, "unit", 0.5).masks)
        course.advance(5)
        found.append(logits(course.network, examples().images))
    np.testing.assert_allclose(*found, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_stopping_to_hold_nothing_changes_nothing(optimizer):
    network, recipe = chain(SIZES, bias=True), Recipe(2, 16, 0.01, 0, optimizer, decay="linear")
    through, halted = (Course(network, examples(), recipe) for _ in range(2))
    through.advance(through.steps)
    for _ in range(halted.steps):
        halted.hold({})
        halted.advance(1)
    for ours, theirs in zip(arrays(through.network), arrays(halted.network)):
        np.testing.assert_array_equal(ours, theirs)


def by_hand(network, held, images, labels, recipe):
    """Masked training with momentum in NumPy, on the whole arrays: the independent oracle."""
    network = masks.apply(network, held)
    speeds = [np.zeros_like(layer.kernel) for layer in network]
    bias_speeds = [np.zeros_like(layer.bias) for layer in network]
    for places in batches(len(labels), recipe):
        slope = gradients(network, Calibration(images[places], labels[places]))
        for i, layer in enumerate(slope):
            speeds[i] = recipe.momentum * speeds[i] - recipe.learning_rate * layer.kernel
            bias_speeds[i] = recipe.momentum * bias_speeds[i] - recipe.learning_rate * layer.bias
        moved = [
            layer._replace(kernel=layer.kernel + speed, bias=layer.bias + bias_speed)
            for layer, speed, bias_speed in zip(network, speeds, bias_speeds)
        ]
        network = masks.apply(tuple(moved), held)
    return network


@pytest.mark.slow
@pytest.mark.parametrize(("method", "sparsity"), [("weight", 0.5), ("weight", 0.9), ("unit", 0.5)])
def test_training_in_smaller_arrays_is_training_with_masks(method, sparsity):
    network, seen = chain(SIZES, bias=True), examples()
    held, recipe = cut(network, method, sparsity).masks, Recipe(3, 16, 0.05, optimizer="sgd")
    course = Course(network, seen, recipe, held)
    course.advance(course.steps)
    wanted = by_hand(network, held, seen.images, seen.labels, recipe)
    np.testing.assert_allclose(
        logits(course.network, seen.images), logits(wanted, seen.images), rtol=1e-4, atol=1e-5
    )


@pytest.mark.slow
def test_a_step_learns_nothing_from_the_values_that_input_dropout_leaves_out():
    share, rate, classes = 0.3, 1e-4, 4
    (layer,) = chain([2000, classes])
    blank = layer._replace(kernel=np.zeros_like(layer.kernel), activation="softmax")
    seen = Examples(np.ones((1, 2000), np.float32), np.zeros(1, int))
    recipe = Recipe(3, 1, rate, optimizer="sgd", momentum=0.0, input_dropout=share)
    course, left_out = Course((blank,), seen, recipe), []
    course.advance(1)
    moved = course.network[0].kernel
    missed = np.full(classes, 1 / classes) - np.eye(classes)[0]  # all classes were as likely
    left_out.append(~moved.any(axis=1))
    np.testing.assert_allclose(
        moved[~left_out[0]],
        np.tile(-rate * missed / (1 - share), (sum(~left_out[0]), 1)),
        rtol=1e-5,
    )
    course.advance(1)
    left_out.append((course.network[0].kernel == moved).all(axis=1))
    for each in left_out:
        assert each.mean() == pytest.approx(share, abs=0.05)
    assert np.mean(left_out[0] & left_out[1]) == pytest.approx(share**2, abs=0.05)


@pytest.mark.slow
def test_what_is_left_out_does_not_depend_on_how_many_steps_go_together():
    found = []
    for together in ((5,), (2, 3), (1, 1, 1, 1, 1)):
        course = Course(chain(SIZES), examples(), Recipe(2, 16, 0.01, input_dropout=0.3))
        for steps in together:
            course.advance(steps)
        found.append(b"".join(array.tobytes() for array in arrays(course.network)))
    assert found[0] == found[1] == found[2]


@pytest.mark.slow
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(dropout):
    network, held = chain(SIZES), cut(chain(SIZES), "weight", 0.7).masks
    found = []
    for seed in (0, 0, 1):
        recipe = Recipe(2, 16, 0.01, seed, input_dropout=dropout)
        course = Course(network, examples(), recipe, held)
        course.advance(course.steps)
        found.append(b"".join(array.tobytes() for array in arrays(course.network)))
    assert found[0] == found[1] != found[2]


@pytest.mark.slow
def test_the_last_steps_of_a_decaying_rate_move_least():
    network = chain(SIZES)
    for decay in ("cosine", "linear"):
        course = Course(network, examples(), Recipe(4, 16, 0.05, 0, "sgd", 0.0, decay=decay))
        moves = []
        for _ in range(course.steps):
            before = course.network
            course.advance(1)
            pairs = zip(arrays(before), arrays(course.network))
            moves.append(sum(float(np.abs(new - old).sum()) for old, new in pairs))
        assert moves[-1] < 0.2 * max(moves)


@pytest.mark.slow
def test_imitation_draws_towards_the_teacher():
    network, seen = chain(SIZES), examples()
    student, agreeing = fit.fresh(network, (1,)), []
    teacher = logits(network, seen.images).argmax(axis=1)
    for share in (0.0, 1.0):
        lesson = Examples(seen.images, (teacher + 1) % 4, share)  # wrong, if labels are believed
        course = Course(student, retrain.taught(lesson, network), Recipe(20, 16, 0.01))
        course.advance(course.steps)
        answers = logits(course.network, seen.images).argmax(axis=1)
        agreeing.append(np.mean(answers == teacher))
    assert agreeing[0] < 0.3 < 0.6 < agreeing[1]


SPARSITIES = (Fraction(0), Fraction(1, 2), Fraction(9, 10), Fraction(1))
PAIRS = [(method, name) for method, known in pruning.CRITERIA.items() for name in known]


def plan_of(network, sparsities=SPARSITIES, **more):
    seen = examples()
    known = Calibration(seen.images, seen.labels)
    return Plan(network, pruning.layers(network), sparsities, known, **more)


@pytest.mark.parametrize("scope", ["layer", "network"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("method", "criterion"), PAIRS)
def test_pruning_on_from_what_is_held_is_exact_and_nested(method, criterion, scope, bias):
    network, held = chain(SIZES, bias=bias), None
    plan = plan_of(network, scope=scopes.SCOPES[scope])
    if pruning.CRITERIA[method][criterion].by_layer and scope == "network":
        return
    rng = np.random.default_rng(0)
    small_steps = [Fraction(k, 100) for k in range(60, 100)] if criterion != "obs" else [0.95]
    for sparsity in (0.3, 0.5, *small_steps, 1):
        step = plan._replace(network=network, masks=held, sparsities=(sparsity,))
        (point,) = pruning.sweep(method, criterion, step)
        counts = {name: np.count_nonzero(~mask) for name, mask in point.masks.items()}
        sizes = {name: mask.size for name, mask in point.masks.items()}
        if scope == "layer":
            assert counts == {name: ranking.count(sparsity, size) for name, size in sizes.items()}
        else:
            assert sum(counts.values()) == ranking.count(sparsity, sum(sizes.values()))
        if held is not None:
            assert not any((point.masks[name] & ~held[name]).any() for name in held)
        held = point.masks
        noise = [layer.kernel * rng.normal(1, 0.5, layer.kernel.shape) for layer in point.network]
        network = tuple(
            layer._replace(kernel=kernel.astype(np.float32))
            for layer, kernel in zip(point.network, noise)
        )


@pytest.mark.slow
@pytest.mark.parametrize("schedule", list(retrain.SCHEDULES))
@pytest.mark.parametrize("method", ["weight", "unit"])
def test_every_schedule_removes_exactly_what_was_asked(method, schedule):
    asked = (Fraction(1, 2), Fraction(9, 10))
    network = chain(SIZES, bias=True)
    retraining = Regime(examples(), RECIPE, schedule)
    criterion = {"weight": "magnitude", "unit": "norm"}[method]
    points = list(retrain.sweep(method, criterion, plan_of(network, asked), retraining))
    assert tuple(point.sparsity for point in points) == asked
    for point in points:
        for mask in point.masks.values():
            assert np.count_nonzero(~mask) == ranking.count(point.sparsity, mask.size)
        assert not removed(point.network, point.masks).any()
    if schedule == "iterative":
        for denser, sparser in itertools.pairwise(points):
            assert not any((sparser.masks[n] & ~denser.masks[n]).any() for n in denser.masks)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cubic", "exponential"])
def test_a_gradual_pruning_follows_its_ramp_exactly(name, monkeypatch):
    seen = []
    hold = Course.hold

    def watched(course, held, network=None):
        seen.append(held)
        hold(course, held, network)

    monkeypatch.setattr(Course, "hold", watched)
    retraining = Regime(examples(), RECIPE, "gradual", name)
    (point,) = retrain.sweep("weight", "lamp", plan_of(chain(SIZES), (0.9,)), retraining)
    cuts = [held for held in seen if held]
    path = ramp.ramp(name, 0.9, len(cuts))
    for sparsity, held in zip(path, cuts, strict=True):
        for mask in held.values():
            assert np.count_nonzero(~mask) == ranking.count(sparsity, mask.size)
    for denser, sparser in itertools.pairwise(cuts):
        assert not any((sparser[layer] & ~denser[layer]).any() for layer in denser)
    assert all((cuts[-1][layer] == point.masks[layer]).all() for layer in point.masks)


@pytest.mark.parametrize("name", list(ramp.RAMPS))
@pytest.mark.parametrize("last", [0, Fraction(1, 3), 0.999, 1])
def test_ramps_rise_to_what_is_asked(name, last):
    path = ramp.ramp(name, last, 7)
    assert len(path) == 7 and path[-1] == last
    assert path == sorted(path) and path[0] >= 0


def test_the_ramps_are_those_of_the_papers():
    cubic = [float(each) for each in ramp.ramp("cubic", 0.8, 4)]
    np.testing.assert_allclose(cubic, [0.8 * (1 - share**3) for share in (0.75, 0.5, 0.25, 0)])
    left = [1 - float(each) for each in ramp.ramp("exponential", 0.9999, 4)]
    np.testing.assert_allclose(left, [0.1, 0.01, 0.001, 0.0001])
    later = [float(each) for each in ramp.ramp("cubic", 0.8, 2, first=0.4)]
    np.testing.assert_allclose(later, [0.75, 0.8])  # 0.8 - 0.4 / 8
    later = [1 - float(each) for each in ramp.ramp("exponential", 0.99, 2, first=0.5)]
    np.testing.assert_allclose(later, [(0.5 * 0.01) ** 0.5, 0.01])
    assert ramp.ramp("cubic", 0.3, 3, first=0.5) == [0.3] * 3


@pytest.mark.parametrize("asked", [(0.5,), (0, 0.5, 0.99), (0.25, 1), (1,), (0.999,)])
def test_rounds_keep_at_least_the_share_of_what_was_left(asked):
    path = ramp.rounds(asked, Fraction(1, 2))
    assert tuple(sparsity for sparsity, wanted in path if wanted) == asked
    left = [1.0, *(1 - float(sparsity) for sparsity, _ in path)]
    for before, after in itertools.pairwise(left):
        assert after == 0 or after <= before <= 2 * after + 1e-12


def test_the_starts_are_what_they_say():
    network, early = chain(SIZES, bias=True), chain(SIZES, bias=True, seed=5)
    point = cut(network, "weight", 0.9)

    def start(name, seed=0):
        return starts.STARTS[name](point, seed, early)

    kept = point.masks["layer_0"]
    assert start("pruned") is point.network
    np.testing.assert_array_equal(start("rewind")[0].kernel[kept], early[0].kernel[kept])
    for name in ("rewind", "reinit"):
        assert not removed(start(name), point.masks).any()
    fresh = start("reinit")[0].kernel
    assert not np.isin(fresh[kept], [*early[0].kernel.ravel(), *network[0].kernel.ravel()]).any()
    # Not the values that the training with the same seed started from.
    original = fit.fresh(network, (0, 0))[0].kernel
    assert not np.array_equal(fresh[kept], original[kept])
    assert not np.array_equal(fresh, start("reinit", seed=1)[0].kernel)
    dense = start("scratch")
    assert 0.5 * nonzero(point.network) < parameters(dense) <= nonzero(point.network)
    assert [len(dense[0].kernel), dense[-1].kernel.shape[1]] == [12, 4]


@pytest.mark.parametrize("most", [0, 1, 100, 182, 10_000])
def test_a_smaller_network_is_the_largest_that_fits(most):
    network = chain(SIZES, bias=True)
    assert parameters(network) == 254
    found = starts.smaller(network, most)
    widths = [layer.kernel.shape[1] for layer in found]
    assert widths[-1] == 4 and all(width >= 1 for width in widths)
    assert parameters(found) <= max(most, parameters(starts.smaller(network, 0)))
    if most >= 254:
        assert widths == SIZES[1:]


@pytest.mark.slow
def test_rewinding_restores_the_values_of_that_epoch():
    seen, recipe = examples(), Recipe(3, 16, 0.01, seed=2)
    past = list(retrain.original(chain(SIZES), seen, recipe))
    assert len(past) == 4
    np.testing.assert_array_equal(past[0][0].kernel, fit.fresh(chain(SIZES), (2, 0))[0].kernel)
    # A training that stops there has them too: nothing of what comes later is in them.
    shorter = list(retrain.original(chain(SIZES), seen, Recipe(1, 16, 0.01, seed=2)))
    np.testing.assert_array_equal(past[1][0].kernel, shorter[1][0].kernel)


def test_images_held_out_are_the_same_for_every_seed_and_never_learnt_from():
    learnt, held = holdout.split(60_000)
    assert len(held) == 5000
    assert sorted([*learnt, *held]) == list(range(60_000))
    assert (holdout.split(60_000)[1] == held).all()
    few, none = holdout.split(5)
    assert (len(few), len(none)) == (5, 0)


@pytest.mark.parametrize("method", ["weight", "unit"])
@pytest.mark.parametrize("sparsity", [0, 0.5, 0.9, 1])
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("bias", [False, True])
def test_what_is_cut_out_for_training_changes_no_answer(method, sparsity, activation, bias):
    point = cut(chain([12, 30, 20, 4], activation, bias), method, sparsity)
    groups = alive.by_masks(point.network, point.masks)
    small = alive.cut(point.network, groups)
    images = examples().images
    np.testing.assert_allclose(
        logits(small, images[:, groups[0]]), logits(point.network, images), rtol=1e-5, atol=1e-6
    )
    doubled = tuple(layer._replace(kernel=2 * layer.kernel) for layer in small)
    back = alive.put_back(point.network, groups, doubled)
    for ours, theirs in zip(arrays(alive.cut(back, groups)), arrays(doubled)):
        np.testing.assert_array_equal(ours, theirs)
    changed = sum(int((a != b).sum()) for a, b in zip(arrays(back), arrays(point.network)))
    assert changed == sum(np.count_nonzero(layer.kernel) for layer in small)


def test_units_that_are_gone_are_cut_out():
    point = cut(chain([12, 30, 20, 4]), "unit", 0.5)
    assert [int(each.sum()) for each in alive.by_masks(point.network, point.masks)] == [
        12,
        15,
        10,
        4,
    ]


@pytest.mark.parametrize(
    ("schedule", "start", "message"),
    [
        ("gradual", "rewind", "schedule 'gradual' prunes while training, so that there is no"),
        ("gradual", "scratch", "use one-shot or iterative"),
        ("iterative", "scratch", "start 'scratch' takes no network and so no rounds"),
    ],
)
def test_what_does_not_go_together_is_refused_at_once(schedule, start, message):
    retraining = Regime(examples(), RECIPE, schedule, start=start)
    with pytest.raises(PruneError, match=message):
        retrain.sweep("weight", "magnitude", plan_of(chain(SIZES)), retraining)


@pytest.fixture
def tiny(rng, tiny_data, network, tmp_path):
    path = tmp_path / "tiny.keras"
    path.write_bytes(weights.writer(path)(network))
    return ["--weights", path, "--data", tiny_data, "--k", "50,90"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ([], ("one-shot", "2", "pruned", "0.0")),
        (["--schedule", "iterative", "--distill", "0.5"], ("iterative", "2", "pruned", "0.5")),
        (["--schedule", "gradual", "--ramp", "exponential"], ("gradual", "2", "pruned", "0.0")),
        (["--rewind", "1"], ("one-shot", "2", "rewind", "0.0")),
        (["--reinit", "--optimizer", "sgd"], ("one-shot", "2", "reinit", "0.0")),
        (["--scratch"], ("one-shot", "2", "scratch", "0.0")),
    ],
)
def test_rows_tell_how_they_were_trained(prune, tiny, extra, told):
    options = ("--k", "50", "--retrain", "2", "--format", "csv")
    status, out, err = prune("unit", *tiny[:4], *options, *extra)
    assert status == 0, err
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["schedule"], row["retrain"], row["start"], row["imitation"]) == told
    # 10 of the 120 training images are held out.
    assert 10 * float(row["validation"]) == pytest.approx(round(10 * float(row["validation"])))


def table(folder):
    return (folder / "table.csv").read_text()


@pytest.mark.slow
def test_a_teacher_from_a_file_is_imitated_as_the_whole_network_is(prune, tiny, tmp_path):
    model, asked = tiny[1], ("unit", *tiny, "--k", "50", "--retrain", "2")
    other = tmp_path / "other.keras"
    weights.save(make_network(np.random.default_rng(9), [6, 8, 3]), other)
    tried = {"a": "0.5", "b": model, "c": f"0.5,{model}", "d": other, "e": "0"}
    for name, distilled in tried.items():
        status, _, err = prune(*asked, "--distill", distilled, "--out", tmp_path / name)
        assert status == 0, err
    assert table(tmp_path / "a") == table(tmp_path / "b") == table(tmp_path / "c")
    assert len({table(tmp_path / name) for name in "ade"}) == 3


@pytest.mark.slow
@pytest.mark.parametrize("method", ["weight", "unit"])
def test_the_best_recipe_is_what_the_record_says_and_gives_way(prune, tiny, tmp_path, method):
    recipe = best(method, True, data.load(str(tiny[3]), "train").total)
    assert recipe["retrain"] == 150
    spelled = [f"--{name.replace('_', '-')}" for name in recipe]
    values = [",".join(each) if isinstance(each, tuple) else each for each in recipe.values()]
    words = [word for pair in zip(spelled, values, strict=True) for word in pair]
    for name, how in {"one": ["--retrain", "best"], "all": words}.items():
        status, _, err = prune(method, *tiny, "--k", "50", *how, "--out", tmp_path / name)
        assert status == 0, err
    assert table(tmp_path / "one") == table(tmp_path / "all")
    one, more = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("one", "all"))
    assert one["settings"] | {"out": ""} == more["settings"] | {"out": ""}

    own = ("--retrain", "best", "--criterion", "random", "--out", tmp_path / "own")
    assert prune(method, *tiny, "--k", "50", *own)[0] == 0
    told = json.loads((tmp_path / "own" / "run.json").read_text())["settings"]
    assert (told["criterion"], told["retrain"]) == (["random"], recipe["retrain"])


@pytest.mark.parametrize(("images", "epochs"), [(60_000, 5), (10**6, 5), (6000, 50), (10, 150)])
def test_of_few_images_the_best_recipe_has_more_epochs(images, epochs):
    assert best("unit", False, images) == BEST_RECIPES["unit", False] | {"retrain": epochs}


def test_the_best_recipe_is_of_one_method(prune, tiny):
    status, _, err = prune("compare", *tiny, "--retrain", "best")
    assert status == 2 and "another recipe for each method; use `prune weight` or" in err


@pytest.mark.slow
def test_images_held_out_are_in_no_batch_and_no_calibration(prune, tiny, tiny_data, monkeypatch):
    seen = []
    begin = Course.__init__

    def watched(course, network, examples, *rest):
        seen.append(examples.images)
        begin(course, network, examples, *rest)

    monkeypatch.setattr(Course, "__init__", watched)
    options = ("--retrain", "1", "--criterion", "activation", "--rewind", "0")
    assert prune("weight", *tiny[:4], "--k", "90", *options)[0] == 0
    train = data.load(str(tiny_data), "train").images
    learnt, _held = holdout.split(len(train))
    assert len(seen) == 2  # the training anew, and the point
    for images in seen:
        np.testing.assert_array_equal(images, train[learnt])


@pytest.mark.slow
def test_shrink_trains_what_it_saves(prune, tiny, tmp_path):
    args = ("--k", "50", "--method", "unit", "--save", "small.keras", "--retrain", "1")
    status, _, err = prune("shrink", *tiny[:4], *args)
    assert status == 0, err
    small = weights.load(tmp_path / "work" / "small.keras").network
    assert [layer.kernel.shape for layer in small] == [(6, 3), (3, 2), (2, 3)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--schedule", "gradual"], "--schedule is about training: give --retrain EPOCHS too"),
        (["--rewind", "0"], "--rewind is about training: give --retrain EPOCHS too"),
        (["--distill", "0.5"], "--distill is about training: give --retrain EPOCHS too"),
        (["--batch-size", "64"], "--batch-size is about training: give --retrain EPOCHS too"),
        (["--retrain", "1", "--input-dropout", "1"], "expected a number from 0 to 0.99, got '1'"),
        (["--retrain", "1", "--input-dropout", "x"], "expected a number from 0 to 0.99, got 'x'"),
        (
            ["--retrain", "1", "--ramp", "exponential"],
            "--ramp is for --schedule gradual, got one-shot; leave out --ramp, or give --sch",
        ),
        (
            ["--retrain", "1", "--rewind", "11"],
            "--rewind takes an epoch of the original training, 0 to 10, got 11",
        ),
        (
            ["--retrain", "1", "--schedule", "gradual", "--reinit"],
            "schedule 'gradual' prunes while training, so that there is no 'reinit'",
        ),
        (
            ["--retrain", "1", "--schedule", "iterative", "--scope", "network", "--controls"],
            "--controls with --scope network cannot follow --schedule iterative",
        ),
        (
            ["--retrain", "1", "--schedule", "gradual", "--ramp-from", "100"],
            "--ramp-from 100 leaves nothing to go on from",
        ),
        (["--floor", "2"], "--floor is for --scope network, got layer; leave out"),
        (
            ["--retrain", "1", "--schedule", "gradual", "--k", "50,90", "--ramp-from", "90"],
            "--ramp-from 90 leaves no k a ramp: give less, or a larger --k",
        ),
        (
            ["--retrain", "1", "--momentum", "0.5"],
            "--momentum is for --optimizer sgd, got adam; leave out --momentum, or give",
        ),
        (
            ["--retrain", "1", "--optimizer", "sgd", "--weight-decay", "0.1"],
            "--weight-decay is for --optimizer adamw, got sgd; leave out --weight-decay, or give",
        ),
        (["--scope", "network", "--floor", "x"], "expected a percent from 0 to 100, got 'x'"),
        (["--retrain", "0"], "expected a whole number from 1, or best, got '0'"),
        (
            ["--retrain", "1", "--distill", "1.5"],
            "expected a number from 0 to 1, a file, or SHARE,FILE, got '1.5'",
        ),
        (["--retrain", "1", "--distill", "0.5,"], "a file, or SHARE,FILE, got '0.5,'"),
        (["--retrain", "1", "--distill", "no.keras"], "weights no.keras: no such file"),
        (
            ["--retrain", "1", "--distill", "mnist"],
            "--distill mnist: its answers have shape [(10,)], those of the network that is to "
            "learn from it [(3,)]",
        ),
        (["--retrain", "besst"], "expected a whole number from 1, or best, got 'besst'"),
        (
            ["--retrain", "1", "--schedule", "gradul"],
            "unknown --schedule 'gradul' (did you mean gradual?)",
        ),
        (["--retrain", "1", "--reinit", "--scratch"], "not allowed with argument"),
    ],
)
def test_what_cannot_be_retrained_is_refused_before_anything_is_computed(
    prune, tiny, words, message
):
    status, out, err = prune("weight", *tiny, *words)
    assert (status, out) == (2, "")
    assert message in err


@pytest.mark.slow
def test_a_k_that_has_no_ramp_is_remarked_on(prune, tiny):
    words = ("--retrain", "1", "--schedule", "gradual", "--ramp-from", "50", "--k", "0,25,50,90")
    status, _, err = prune("weight", *tiny, *words)
    assert status == 0, err
    assert "note: k = 25, 50: not beyond --ramp-from, so that all goes at once" in err
    assert "--ramp-from" not in prune("weight", *tiny, *words, "--k", "90")[2].split("Next")[0]


@pytest.mark.parametrize("command", ["sensitivity", "bench"])
def test_what_is_measured_without_training_offers_none(prune, tiny, command):
    status, _, err = prune(command, *tiny, "--retrain", "1")
    assert status == 2 and "--retrain" in err
