from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from chains import CHAINS, PLAIN, WITH_BIAS, calibration, chain
from prune import PruneError
from prune.core import criteria, masks, pruning
from prune.core.calibration import Calibration, draw
from prune.core.network import arrays, logits
from prune.core.plan import Plan
from prune.core.ranking import count
from prune.core.scopes import SCOPES

SPARSITIES = tuple(Fraction(k, 100) for k in (0, 25, 29, 58, 80, 95, 100))
EACH = [(method, name) for method in pruning.CRITERIA for name in pruning.CRITERIA[method]]
ONE_SHOT = [each for each in EACH if each[1] != "obs"]
REFUSED = ("unit", "obs", "network")


def plan(network, scope="layer", repair="none", sparsities=SPARSITIES, layers=None, n=120):
    return Plan(
        network,
        layers or pruning.layers(network),
        sparsities,
        calibration(network, n),
        SCOPES[scope],
        repair,
    )


def permitted(each, scope):
    return (*each, scope) != REFUSED


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("each", EACH)
@pytest.mark.parametrize("repair", ["none", "lstsq"])
def test_exactly_the_count_asked_for_is_removed(each, scope, repair):
    if not permitted(each, scope):
        return
    for pruned in pruning.sweep(*each, plan(PLAIN, scope, repair)):
        sizes = {name: mask.size for name, mask in pruned.masks.items()}
        removed = {name: np.count_nonzero(~mask) for name, mask in pruned.masks.items()}
        assert sum(sizes.values()) > 0
        if scope == "layer":
            assert removed == {n: count(pruned.sparsity, size) for n, size in sizes.items()}
        assert sum(removed.values()) == (
            count(pruned.sparsity, sum(sizes.values()))
            if scope == "network"
            else sum(count(pruned.sparsity, size) for size in sizes.values())
        )


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("each", EACH)
def test_a_sparser_mask_keeps_a_subset(each, scope):
    if not permitted(each, scope):
        return
    found = [pruned.masks for pruned in pruning.sweep(*each, plan(WITH_BIAS, scope))]
    for denser, sparser in pairwise(found):
        assert not any(np.any(sparser[name] & ~denser[name]) for name in denser)


def test_obs_keeps_a_subset_even_where_weights_are_zero_from_the_start():
    sparse = tuple(layer._replace(kernel=layer.kernel * (layer.kernel > 0)) for layer in PLAIN)
    found = [pruned.masks for pruned in pruning.sweep("weight", "obs", plan(sparse))]
    for denser, sparser in pairwise(found):
        assert not any(np.any(sparser[name] & ~denser[name]) for name in denser)


def test_obs_brings_nothing_back_even_where_what_is_left_is_of_no_use():
    known = calibration(PLAIN)
    known.images[:, 0] = 0  # so that no refit gives the weights of this pixel a value
    held = {layer.name: np.ones(layer.kernel.shape, bool) for layer in PLAIN[:-1]}
    for mask in held.values():
        mask[-3:] = False
    first, *others = masks.apply(PLAIN, held)
    first.kernel[0] = 0
    gone = sum(np.count_nonzero(~mask) for mask in held.values())
    sparsity = Fraction(int(gone), sum(mask.size for mask in held.values()))
    asked = plan((first, *others), "network", sparsities=(sparsity,))
    (pruned,) = pruning.sweep("weight", "obs", asked._replace(calibration=known, masks=held))
    for name, mask in held.items():
        np.testing.assert_array_equal(pruned.masks[name], mask)


def test_in_which_unit_a_layer_counts_changes_nothing_that_obs_removes():
    known, (first, second, last) = calibration(PLAIN), PLAIN
    # The same answers, of a hidden layer whose outputs are 64 times as large.
    louder = (
        first._replace(kernel=64 * first.kernel),
        second._replace(kernel=second.kernel / 64),
        last,
    )
    asked = plan(PLAIN, "network", sparsities=(Fraction(1, 4), Fraction(4, 5)))
    asked = asked._replace(calibration=known)
    pairs = zip(
        pruning.sweep("weight", "obs", asked),
        pruning.sweep("weight", "obs", asked._replace(network=louder)),
        strict=True,
    )
    for one, other in pairs:
        for name, mask in one.masks.items():
            np.testing.assert_array_equal(other.masks[name], mask)


@pytest.mark.parametrize("network", CHAINS)
@pytest.mark.parametrize("each", EACH)
@pytest.mark.parametrize("repair", ["none", "lstsq"])
def test_every_chain_is_pruned_to_finite_weights_with_zeros_where_masked(network, each, repair):
    sparsities = (Fraction(1, 2), Fraction(9, 10))
    for pruned in pruning.sweep(*each, plan(network, repair=repair, sparsities=sparsities)):
        assert all(np.isfinite(array).all() for array in arrays(pruned.network))
        for layer in pruned.network[:-1]:
            mask = pruned.masks[layer.name]
            assert not layer.kernel[:, ~mask].any() if mask.ndim == 1 else True
            assert not layer.kernel[~mask].any() if mask.ndim == 2 else True


@pytest.mark.parametrize("each", EACH)
def test_nothing_asked_is_nothing_changed(each):
    (pruned,) = pruning.sweep(*each, plan(WITH_BIAS, sparsities=(0,)))
    for before, after in zip(arrays(WITH_BIAS), arrays(pruned.network), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("each", EACH)
def test_the_network_given_is_not_changed(each):
    before = [array.copy() for array in arrays(PLAIN)]
    list(pruning.sweep(*each, plan(PLAIN, repair="lstsq")))
    for array, copy in zip(arrays(PLAIN), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("each", EACH)
def test_layers_left_out_lose_nothing(each):
    layers = pruning.layers(PLAIN, keep=["layer_0"])
    for pruned in pruning.sweep(*each, plan(PLAIN, layers=layers)):
        assert set(pruned.masks) == {"layer_1"}
        np.testing.assert_array_equal(
            pruned.network[0].kernel != 0,
            np.broadcast_to(PLAIN[0].kernel != 0, PLAIN[0].kernel.shape),
        )


@pytest.mark.parametrize("name", pruning.CRITERIA["weight"])
def test_weights_of_the_output_can_be_included(name):
    layers = pruning.layers(PLAIN, include_output=True)
    (pruned,) = pruning.sweep("weight", name, plan(PLAIN, sparsities=(0.5,), layers=layers))
    assert np.count_nonzero(pruned.network[-1].kernel) == PLAIN[-1].kernel.size // 2


@pytest.mark.parametrize("name", pruning.CRITERIA["unit"])
def test_units_of_the_output_are_refused(name):
    layers = pruning.layers(PLAIN, include_output=True)
    with pytest.raises(PruneError, match="each of its units is a class"):
        pruning.sweep("unit", name, plan(PLAIN, layers=layers))


@pytest.mark.parametrize("each", [each for each in ONE_SHOT if "random" not in each])
def test_permuting_units_permutes_what_is_kept(each):
    network = chain([12, 10, 8, 4])
    order = np.random.default_rng(3).permutation(10)
    turned = (
        network[0]._replace(kernel=network[0].kernel[:, order]),
        network[1]._replace(kernel=network[1].kernel[order]),
        network[2],
    )
    (before,), (after,) = (
        pruning.sweep(*each, plan(each_network, sparsities=(0.5,)))
        for each_network in (network, turned)
    )
    np.testing.assert_array_equal(before.masks["layer_0"][..., order], after.masks["layer_0"])


def test_lamp_is_the_share_among_the_squares_of_all_that_outlive_a_weight(rng):
    kernel = rng.normal(size=(9, 7)).round(1).astype(np.float32)
    kernel[rng.random(kernel.shape) < 0.3] = 0
    layer = PLAIN[0]._replace(kernel=kernel)
    found = criteria.lamp((layer,), Calibration())[layer.name].ravel()
    squares = kernel.ravel().astype(np.float64) ** 2
    order = sorted(range(squares.size), key=lambda i: squares[i])
    for place, one in enumerate(order):
        outliving = sum(squares[other] for other in order[place:])
        assert found[one] == pytest.approx(squares[one] / outliving if squares[one] else 0)


@pytest.mark.parametrize("name", [name for method, name in ONE_SHOT if method == "weight"])
def test_weights_that_reach_nothing_any_more_go_before_those_that_do(name):
    network = chain([12, 10, 8, 4])
    held = {layer.name: np.ones(layer.kernel.shape, bool) for layer in network[:-1]}
    held["layer_1"][:5] = False  # nothing reads the first five units of layer 0
    asked = plan(masks.apply(network, held), sparsities=(0.5,))._replace(masks=held)
    (point,) = pruning.sweep("weight", name, asked)
    assert not point.masks["layer_0"][:, :5].any()
    assert point.masks["layer_0"][:, 5:].all()


@pytest.mark.parametrize("each", [each for each in ONE_SHOT if "random" not in each])
def test_what_is_gone_changes_no_rank_of_what_is_not(each):
    network = chain([12, 10, 8, 4])
    (half,) = pruning.sweep(*each, plan(network, sparsities=(0.4,)))
    for layer, after in pairwise(half.network):  # what reads a removed unit reads nothing
        after.kernel[~layer.kernel.any(axis=0)] = 0
    further = plan(half.network, sparsities=(0.8,))
    (anew,) = pruning.sweep(*each, further)
    (going_on,) = pruning.sweep(*each, further._replace(masks=half.masks))
    for name, mask in anew.masks.items():
        np.testing.assert_array_equal(going_on.masks[name], mask)


@pytest.mark.parametrize(("name", "unchanged"), [("lamp", True), ("magnitude", False)])
def test_scaling_a_layer_changes_nothing_for_lamp_alone(name, unchanged):
    scaled = (PLAIN[0]._replace(kernel=PLAIN[0].kernel * 8), *PLAIN[1:])
    (before,), (after,) = (
        pruning.sweep("weight", name, plan(network, "network", sparsities=(0.5,)))
        for network in (PLAIN, scaled)
    )
    same = all(np.array_equal(before.masks[n], after.masks[n]) for n in before.masks)
    assert same is unchanged


def test_a_layer_of_small_scores_stays_alive_and_is_named():
    faint = (PLAIN[0], PLAIN[1]._replace(kernel=PLAIN[1].kernel * 1e-6), PLAIN[2])
    asked = plan(faint, "network", sparsities=(0.25, 0.9))
    mild, harsh = pruning.sweep("weight", "magnitude", asked)
    assert not mild.floored
    assert harsh.masks["layer_1"].any()
    assert harsh.floored == ("layer_1",)


def test_the_units_of_different_layers_are_not_ranked_by_obs():
    with pytest.raises(PruneError, match="cannot rank units of different layers"):
        list(pruning.sweep("unit", "obs", plan(PLAIN, "network")))


@pytest.mark.parametrize("each", EACH)
def test_images_are_needed_only_where_the_criterion_says_so(each):
    without = plan(PLAIN, sparsities=(0.5,))._replace(calibration=Calibration())
    if pruning.needs_images(*each, "none"):
        with pytest.raises(PruneError, match=f"criterion '{each[1]}' needs calibration images"):
            pruning.sweep(*each, without)
    else:
        assert len(list(pruning.sweep(*each, without))) == 1


def test_repair_without_images_is_refused():
    without = plan(PLAIN, repair="lstsq")._replace(calibration=Calibration())
    with pytest.raises(PruneError, match="repair 'lstsq' needs calibration images"):
        pruning.sweep("weight", "magnitude", without)


def test_a_layer_to_keep_must_exist():
    with pytest.raises(PruneError, match="no layer 'dense_9' to keep; the network has layer_0"):
        pruning.layers(PLAIN, keep=["dense_9"])


def test_obs_beats_repair_beats_nothing():
    network = chain([30, 40, 30, 5])
    fresh = calibration(network, 500, seed=5).images
    errors = []
    for name, repair in (("obs", "none"), ("magnitude", "lstsq"), ("magnitude", "none")):
        asked = plan(network, repair=repair, sparsities=(0.8,), n=1000)
        (pruned,) = pruning.sweep("weight", name, asked)
        errors.append(np.square(logits(network, fresh) - logits(pruned.network, fresh)).mean())
    assert errors == sorted(errors)


def test_drawn_images_are_some_of_those_given_and_the_seed_decides_which():
    images, labels = np.arange(20.0).reshape(10, 2), np.arange(10)
    first, again, other = (draw(images, labels, 4, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.images, images[first.labels])
    np.testing.assert_array_equal(first.labels, again.labels)
    assert set(first.labels) != set(other.labels)
    assert len(draw(images, labels, 99, 0).labels) == 10
    with pytest.raises(PruneError, match="at least 1 training image, got 0"):
        draw(images, labels, 0, 0)


def test_every_part_of_what_is_drawn_has_images_of_every_class_in_a_file_sorted_by_class():
    labels = np.arange(10_000) // 1000
    found = draw(np.zeros((10_000, 1)), labels, 2000, seed=0)
    for part in (found.labels, found.labels[:500], found.labels[500:]):
        share = np.bincount(part, minlength=10) / len(part)
        assert (share > 0.05).all() and (share < 0.15).all()
