"""Which scan in OneTrust a submission became: found where it is clear, said where not, never guessed."""

from hypothesis import given
from hypothesis import strategies as st

from bot.features.results.matching import (
    CLOCKS_S,
    LATEST_S,
    LIST_LIMIT,
    NEAR_S,
    SOON_S,
    Ambiguity,
    TooEarly,
    UnmatchedSubmission,
    first_scan,
    match,
)
from bot.features.results.models import AppScan, OneTrustScanStatus

AT = 1_790_000_000.0


def a_scan(id_="s1", at=AT + 60, version="4.2.0", status=OneTrustScanStatus.COMPLETED):
    return AppScan(id=id_, status=status, scanned_at=at, version=version)


def a_seeker(number=1, since=AT, version="4.2.0", **rest):
    return UnmatchedSubmission(number=number, since=since, version=version, **rest)


def test_the_one_scan_after_the_submission_is_it():
    old = a_scan("old", AT - CLOCKS_S - 1)

    assert match([a_seeker()], [a_scan(), old]) == {1: a_scan()}
    assert match([a_seeker()], [old]) == {1: None}


def test_a_clock_that_is_behind_by_minutes_does_no_harm():
    behind = a_scan(at=AT - CLOCKS_S)

    assert match([a_seeker()], [behind]) == {1: behind}


def test_another_version_is_another_scan_and_more_words_are_not_another_version():
    assert match([a_seeker()], [a_scan(version="4.3.0")]) == {1: None}
    for version in ("4.2.0 (420)", "4.2.0+420", "v4.2.0", None, "420"):
        told = a_scan(version=version)
        assert match([a_seeker(build_number="420")], [told]) == {1: told}, version
    assert match([a_seeker(version="4.2")], [a_scan(version="4.2.0")]) == {1: None}


def test_two_scans_that_could_be_meant_are_a_doubt():
    assert match([a_seeker()], [a_scan("s1"), a_scan("s2")]) == {1: Ambiguity(count=2)}


def test_two_submissions_of_a_version_within_minutes_are_a_doubt_whichever_scan_comes_first():
    both = [a_seeker(1), a_seeker(2, AT + 60)]

    assert match(both, [a_scan("s1")]) == {
        1: Ambiguity(count=1, competing_submissions=1),
        2: Ambiguity(count=1, competing_submissions=1),
    }
    assert match(both, [a_scan("s1"), a_scan("s2")]) == {
        1: Ambiguity(count=2, competing_submissions=1),
        2: Ambiguity(count=2, competing_submissions=1),
    }


def test_submissions_far_apart_are_told_apart_by_time():
    early, late = a_scan("s1", AT + 10), a_scan("s2", AT + 3610)

    assert match([a_seeker(1), a_seeker(2, AT + 3600)], [early, late]) == {1: early, 2: late}


def test_a_scan_that_only_one_can_have_leaves_the_other_its_own():
    both = [a_seeker(1), a_seeker(2, version="4.3.0")]
    nameless = a_scan("s2", version=None)

    assert match(both, [a_scan("s1"), nameless]) == {1: a_scan("s1"), 2: nameless}
    chain = [a_scan("s1"), nameless, a_scan("s3", version="4.3.0")]
    assert match(both, chain) == {
        1: Ambiguity(count=2, competing_submissions=1),
        2: Ambiguity(count=2, competing_submissions=1),
    }


def test_submissions_of_two_versions_are_told_apart_once_the_versions_are_known():
    both = [a_seeker(1), a_seeker(2, version="4.3.0")]
    running = a_scan("s2", version=None, status=OneTrustScanStatus.PROGRESS)

    assert match(both, [running]) == {1: TooEarly(), 2: TooEarly()}
    done = a_scan("s2", version="4.3.0")
    assert match(both, [a_scan("s1"), done]) == {1: a_scan("s1"), 2: done}


def test_a_running_scan_without_a_version_is_not_taken_before_its_version_is_known():
    running = a_scan(version=None, status=OneTrustScanStatus.PENDING)

    assert match([a_seeker()], [running]) == {1: TooEarly()}
    assert match([a_seeker(version=None)], [running]) == {1: running}  # nothing to wait for
    assert match([a_seeker()], [a_scan(version="4.3.0")]) == {1: None}  # somebody scanned another version
    failed = a_scan(version=None, status=OneTrustScanStatus.FAILED)
    assert match([a_seeker()], [failed]) == {1: failed}


def test_what_is_dated_before_a_fresh_submission_is_waited_for_as_its_own_may_come():
    before, own = a_scan("s0", AT - NEAR_S - 1), a_scan("s1", AT)

    assert match([a_seeker(is_recent=True)], [before]) == {1: TooEarly()}
    assert match([a_seeker(is_recent=True)], [own]) == {1: own}
    assert match([a_seeker(is_recent=True)], [before, own]) == {1: Ambiguity(count=2)}
    assert match([a_seeker()], [before]) == {1: before}  # then the clocks are apart


def test_what_comes_hours_later_is_a_doubt_where_that_would_be_settled_or_linked_by_it():
    late = a_scan(at=AT + SOON_S + 1)

    assert match([a_seeker(until=AT + SOON_S)], [late]) == {1: Ambiguity(count=1)}
    assert match([a_seeker()], [late]) == {1: late}


def test_a_submission_that_never_arrived_is_in_nobodys_way_the_day_after():
    lost, next_day = a_seeker(1), a_seeker(2, AT + LATEST_S + 1)
    scan = a_scan(at=AT + LATEST_S + 60)

    assert match([lost, next_day], [scan]) == {1: None, 2: scan}


def test_hundreds_that_vie_for_as_many_scans_are_told_in_a_moment():
    seekers = [a_seeker(number) for number in range(300)]
    scans = [a_scan(f"s{number}") for number in range(LIST_LIMIT)]

    told = match(seekers, scans)  # each submission on its own would take minutes

    assert set(told.values()) == {Ambiguity(count=LIST_LIMIT, competing_submissions=299)}


def test_what_has_no_date_is_nobodys():
    assert match([a_seeker()], [a_scan(at=None)]) == {1: None}


def test_an_application_began_with_its_oldest_scan_where_that_is_known():
    scans = [a_scan("s2", AT + 500, "4.3.0"), a_scan("s1", AT + 5)]

    began = first_scan("app", scans)

    assert (began.id, began.scanned_at, began.version) == ("app", AT + 5, "4.2.0")
    assert first_scan("app", []) is None
    assert first_scan("app", [a_scan("s0", None)]) is None
    assert first_scan("app", [*scans, a_scan("s0", None)]) is None  # which may be the oldest
    assert first_scan("app", [a_scan(f"s{n}") for n in range(LIST_LIMIT)]) is None


_times = st.sampled_from([AT - 4000, AT - 200, AT, AT + 200, AT + 400, AT + 4000])
_versions = st.sampled_from([None, "1", "2"])
_seekers = st.lists(
    st.builds(
        UnmatchedSubmission,
        number=st.integers(1, 6),
        since=_times,
        version=_versions,
        excluded=st.frozensets(st.sampled_from(["s1", "s2"])),
    ),
    max_size=4,
    unique_by=lambda each: each.number,
)
_found = st.lists(
    st.builds(
        AppScan,
        id=st.sampled_from(["s1", "s2", "s3", "s4"]),
        status=st.sampled_from(list(OneTrustScanStatus)),
        scanned_at=st.none() | _times,
        version=_versions,
    ),
    max_size=4,
    unique_by=lambda each: each.id,
)


@given(seekers=_seekers, found=_found, order=st.randoms(use_true_random=False))
def test_nothing_is_given_twice_nor_to_whom_it_can_t_be_whatever_the_order(seekers, found, order):
    told = match(seekers, found)

    assert set(told) == {each.number for each in seekers}
    given_out = [each.id for each in told.values() if isinstance(each, AppScan)]
    assert len(given_out) == len(set(given_out))
    for each in seekers:
        scan = told[each.number]
        if isinstance(scan, AppScan):
            assert scan.id not in each.excluded
            assert scan.scanned_at is not None
            assert scan.scanned_at >= each.since - CLOCKS_S
            assert None in {scan.version, each.version} or scan.version == each.version
        if isinstance(scan, Ambiguity):
            assert scan.count > 1 or scan.competing_submissions > 0
    shuffled, others = list(seekers), list(found)
    order.shuffle(shuffled)
    order.shuffle(others)
    assert match(shuffled, others) == told
