"""LST-LGA, LST-LPA and BIANCA: fitted on phantoms, they find lesions on one they never saw."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segmentation.evaluation.overlap import dice
from segmentation.imaging.geometry import Grid
from segmentation.imaging.tissue import classify_tissue
from segmentation.methods import MissingSequence, load_method
from segmentation.methods.coefficients import NAME, read_coefficients
from segmentation.methods.fitting import LabelledCase, NotFittable, fit_method
from segmentation.methods.lst_lga import Belief, fit_gamma, grow
from segmentation.methods.lst_lpa import places_of, regress
from segmentation.methods.template import BOX_MM, GRID, Placed, box_of, place
from segmentation.networks.checkpoint import UnusableCheckpoint
from tests.segmentation.methods.small import labelled

SILENT = {"progress": lambda *_: None}
METHODS = ("lst-lga", "lst-lpa", "bianca")


@pytest.fixture(scope="module")
def others() -> list[LabelledCase]:
    return [labelled(seed) for seed in (82, 83, 84)]  # each of more than 500 lesion voxels


@pytest.fixture(scope="module")
def unseen(others: list[LabelledCase]) -> LabelledCase:
    return others[0]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("methods")
    cases = [labelled(71), labelled(72)]
    for method in METHODS:
        (folder / method).mkdir()
        fit_method(method, cases, folder=folder / method, home=folder, seed=1, **SILENT)
    return folder


@pytest.mark.parametrize(
    ("method", "least", "threshold"),
    [("lst-lga", 0.6, 0.5), ("lst-lpa", 0.7, None), ("bianca", 0.35, 0.9)],
)
def test_a_fitted_method_finds_lesions_on_phantoms_it_never_saw(
    home: Path, others: list[LabelledCase], method: str, least: float, threshold: float | None
) -> None:
    fitted = load_method(method, folder=home)
    scores = []
    for case in others:
        found = fitted.segment(case.volumes, brain=case.brain, **SILENT)
        scores.append(dice(found.mask, case.lesions))
        outside = case.brain & ~case.lesions
        assert found.probability[case.lesions].mean() > 4 * found.probability[outside].mean()
        used = found.provenance["settings"]["threshold"]
        assert threshold in (used, None)  # as published; that of LST-LPA is fitted
        assert np.array_equal(found.mask, (found.probability > used) & case.brain)
        assert found.probability.min() >= 0
        assert found.probability.max() <= 1
        assert found.provenance["checkpoint_sha256"]
    assert np.mean(scores) > least, scores


@pytest.mark.parametrize(
    ("method", "there", "told"),
    [
        ("lst-lga", ("FLAIR",), "LST-LGA needs T1"),
        ("bianca", ("FLAIR", "T1"), "BIANCA needs T2"),
        ("lst-lpa", ("T1",), "LST-LPA needs FLAIR"),
    ],
)
def test_a_missing_sequence_is_said(
    home: Path, unseen: LabelledCase, method: str, there: tuple[str, ...], told: str
) -> None:
    volumes = {name: unseen.volumes[name] for name in there}
    with pytest.raises(MissingSequence, match=told):
        load_method(method, folder=home).segment(volumes, **SILENT)
    some = LabelledCase("C0007", "0" * 64, volumes, unseen.lesions, unseen.brain)
    with pytest.raises(MissingSequence, match=f"{told}; case C0007 has none"):
        fit_method(method, [some], folder=home, home=home, seed=1, **SILENT)


def test_the_same_cases_and_seed_give_the_same_points(home: Path, tmp_path: Path) -> None:
    fit_method("bianca", [labelled(71), labelled(72)], folder=tmp_path, home=home, seed=1, **SILENT)
    axes = {"points": 2, "lesion": 1, "flair": 3}
    one, other = (
        read_coefficients(folder / NAME, "bianca", numbers=("features",), arrays=axes).arrays
        for folder in (tmp_path, home / "bianca")
    )
    assert all(np.array_equal(one[name], other[name]) for name in axes)


def test_cases_without_lesions_and_methods_without_fitting_are_refused(
    unseen: LabelledCase, tmp_path: Path
) -> None:
    healthy = LabelledCase(
        "healthy", "0" * 64, unseen.volumes, np.zeros_like(unseen.lesions), unseen.brain
    )
    with pytest.raises(NotFittable, match="1 cases with a reference hold none"):
        fit_method("lst-lga", [healthy], folder=tmp_path, home=tmp_path, seed=1, **SILENT)
    with pytest.raises(NotFittable, match="not fitted to cases"):
        fit_method("slim-unet", [unseen], folder=tmp_path, home=tmp_path, seed=1, **SILENT)


@pytest.mark.parametrize("method", METHODS)
def test_coefficients_of_another_method_and_damaged_ones_are_refused(
    home: Path, tmp_path: Path, method: str
) -> None:
    other = METHODS[(METHODS.index(method) + 1) % 3]
    (tmp_path / method).mkdir()
    for content in ((home / other / NAME).read_bytes(), (home / method / NAME).read_bytes()[:500]):
        (tmp_path / method / NAME).write_bytes(content)
        with pytest.raises(UnusableCheckpoint, match="coefficients"):
            load_method(method, folder=tmp_path)


def test_coefficients_that_lack_a_map_are_refused(home: Path) -> None:
    with pytest.raises(UnusableCheckpoint, match="nowhere missing"):
        read_coefficients(
            home / "lst-lga" / NAME, "lst-lga", numbers=("kappa",), arrays={"nowhere": 3}
        )


def test_growth_starts_above_kappa_and_goes_where_it_is_bright() -> None:
    rng = np.random.default_rng(1)
    flair = rng.normal(1.0, 0.03, (24, 24, 12)).astype(np.float32)
    flair[8:14, 8:14, 4:8] += 0.5
    labels = np.full(flair.shape, 3, np.uint8)
    labels[8:14, 8:14, 4:8] = 2
    excess = np.maximum(flair - 1.05, 0) * 2.4
    first = np.where(labels == 2, excess, 0).astype(np.float32)
    first[11:, 11:] = 0  # a quarter of the lesion does not start it: that is grown into
    belief = Belief(flair, labels, excess.astype(np.float32), first)
    bright = labels == 2
    assert dice(grow(belief, kappa=0.3) > 0.5, bright) > 0.9
    assert not grow(belief, kappa=5.0).any()


def test_a_gamma_distribution_is_found_again() -> None:
    values = np.random.default_rng(1).gamma(9.0, 0.2, 40_000)
    shape, scale = fit_gamma(values)
    assert shape == pytest.approx(9.0, rel=0.03)
    assert shape * scale == pytest.approx(values.mean())
    with pytest.raises(ValueError, match="two different values"):
        fit_gamma(np.ones(5))


def test_the_regression_is_found_again_and_stays_finite_where_classes_separate() -> None:
    rng = np.random.default_rng(1)
    belief, offset = rng.random(60_000), rng.normal(0, 1, 60_000)
    chance = 1 / (1 + np.exp(3 - 8 * belief - offset))
    lesion = (rng.random(60_000) < chance).astype(float)
    intercept, slope = regress(belief, offset, lesion, np.ones(60_000))
    assert (intercept, slope) == pytest.approx((-3, 8), rel=0.15)
    apart = regress(belief, 0 * offset, (belief > 0.5).astype(float), np.ones(60_000))
    assert np.isfinite(apart).all()


def test_the_regression_is_found_again_where_lesions_are_rare() -> None:
    rng = np.random.default_rng(2)
    belief = rng.random(400_000)
    chance = 1 / (1 + np.exp(14 - 12 * belief))
    lesion = (rng.random(belief.size) < chance).astype(float)
    assert lesion.mean() < 0.02
    found = regress(belief, 0 * belief, lesion, np.ones(belief.size))
    assert found == pytest.approx((-14, 12), rel=0.1)


def test_places_without_lesions_in_few_cases_are_unlikely_and_not_impossible() -> None:
    within = np.zeros(GRID.shape, bool)
    within[10:50, 10:60, 10:50] = True
    lesion = np.zeros(GRID.shape, np.float32)
    lesion[28:32, 33:37, 28:32] = 1
    one, many = places_of([lesion], within), places_of([lesion] * 100, within)
    at, elsewhere = (30, 35, 30), (12, 12, 12)
    assert 0 < one[at] < many[at]
    assert -0.5 < one[elsewhere] < 0
    assert many[elsewhere] < -2
    assert not places_of([], within).any()
    assert not places_of([np.zeros_like(lesion)], within).any()


def test_tissue_is_told_apart_by_intensity() -> None:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 3, (10, 10, 10)).repeat(4, 0).repeat(4, 1).repeat(2, 2)
    t1 = np.array([20, 60, 100])[truth] + rng.normal(0, 8, truth.shape)
    brain = np.ones(truth.shape, bool)
    brain[0] = False
    tissue = classify_tissue(t1.astype(np.float32), brain)
    assert (tissue.labels[brain] == truth[brain] + 1).mean() > 0.97
    assert not tissue.labels[~brain].any()
    flair = np.array([20, 100, 60])[truth] + rng.normal(0, 8, truth.shape)
    told = classify_tissue(flair.astype(np.float32), brain, order=(0, 2, 1))
    assert (told.labels[brain] == truth[brain] + 1).mean() > 0.97
    constant = classify_tissue(np.full(truth.shape, 5.0, np.float32), brain)
    assert set(np.unique(constant.labels[brain])) == {2}
    assert not classify_tissue(t1.astype(np.float32), np.zeros_like(brain)).maps.any()


def test_a_brain_finds_its_place_in_the_template_and_back(unseen: LabelledCase) -> None:
    grid = unseen.volumes["FLAIR"].grid
    matrix = box_of(unseen.brain, grid)
    corner = (matrix @ [*(np.array(BOX_MM) / 2), 1])[:3]
    places = grid.to_mm(np.argwhere(unseen.brain))
    assert np.abs(corner - places.max(axis=0)).max() < 10
    there = Placed(grid, matrix).to_template(unseen.brain.astype(np.float32))
    assert there.shape == GRID.shape
    back = Placed(grid, matrix).from_template(there) > 0.5
    assert dice(back, unseen.brain) > 0.9
    flair: Any = unseen.volumes["FLAIR"].data.astype(np.float32)
    far = Grid(grid.shape, grid.affine + np.array([[0] * 3 + [30]] + [[0] * 4] * 3))
    moved = place(flair, unseen.brain, far, template=None)
    np.testing.assert_allclose(moved.matrix[0, 3] - matrix[0, 3], 30, atol=1e-6)
    with pytest.raises(ValueError, match="empty brain"):
        box_of(np.zeros(grid.shape, bool), grid)
