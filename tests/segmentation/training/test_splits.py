"""Nobody is learned from and measured on."""

import pytest

from segmentation.training.splits import (
    Leakage,
    Member,
    NotEnoughSubjects,
    require_no_leakage,
    split_as_named,
    split_by_subject,
)

MEMBERS = [
    Member(f"{cohort}{subject}-{visit}", f"{cohort}{subject}", cohort, f"{cohort}{subject}{visit}")
    for cohort, subjects in (("A", 12), ("B", 9))
    for subject in range(subjects)
    for visit in range(1 + subject % 2)
]


def test_subjects_are_set_aside_from_each_cohort_and_tested_from_one() -> None:
    split = split_by_subject(MEMBERS, validation=3, test=4, test_from="A", seed=1)
    sides = [
        {cohort: {one.subject for one in side if one.cohort == cohort} for cohort in "AB"}
        for side in (split.training, split.validation, split.test)
    ]
    assert [len(side["A"]) for side in sides] == [5, 3, 4]
    assert [len(side["B"]) for side in sides] == [6, 3, 0]
    everyone = [one.name for side in (split.training, split.validation, split.test) for one in side]
    assert sorted(everyone) == sorted(one.name for one in MEMBERS)
    assert split == split_by_subject(MEMBERS, validation=3, test=4, test_from="A", seed=1)
    assert split != split_by_subject(MEMBERS, validation=3, test=4, test_from="A", seed=2)


def test_two_scans_of_a_subject_on_two_sides_are_refused_by_name() -> None:
    with pytest.raises(Leakage, match=r"A1-1 \(training\) and A1-0 \(validation\)"):
        split_as_named(MEMBERS, validation=["A1-0"], test=[])
    with pytest.raises(Leakage, match=r"A3-0 \(validation\) and A3-1 \(test\)"):
        split_as_named(MEMBERS, validation=["A3-0"], test=["A3-1"])


def test_the_same_scan_under_two_names_is_refused() -> None:
    twice = [Member("one", "s1", "A", "same"), Member("two", "s2", "A", "same")]
    with pytest.raises(Leakage, match=r"one \(training\) and two \(validation\)"):
        split_as_named(twice, validation=["two"], test=[])


def test_what_a_checkpoint_learned_from_cannot_test_it() -> None:
    split = split_as_named(MEMBERS, validation=[], test=["A0-0"])
    require_no_leakage(split, learned_before=["A20"])
    with pytest.raises(Leakage, match="was trained on A0-0, so it cannot be used for test"):
        require_no_leakage(split, learned_before=["A00"])


def test_a_scan_is_known_by_any_of_its_hashes() -> None:
    members = [Member("one", "s1", "A", "1", frozenset({"sent"})), Member("two", "s2", "A", "2")]
    split = split_as_named(members, validation=["one"], test=[])
    for known in ("1", "sent"):
        with pytest.raises(Leakage, match="was trained on one"):
            require_no_leakage(split, learned_before=[known])
    again = Member("three", "s3", "A", "sent")
    with pytest.raises(Leakage, match="show the same subject"):
        split_as_named([*members, again], validation=["one"], test=[])


def test_too_few_subjects_are_said() -> None:
    with pytest.raises(NotEnoughSubjects, match="B has 9 subjects"):
        split_by_subject(MEMBERS, validation=9, test=0, test_from=None, seed=1)
    with pytest.raises(NotEnoughSubjects, match="comes from 'C'"):
        split_by_subject(MEMBERS, validation=1, test=1, test_from="C", seed=1)
