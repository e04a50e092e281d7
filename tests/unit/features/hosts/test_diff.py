"""What changed in where an app talks to."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.features.hosts.models import HostChanges, HostsState, ScanHosts, UrlCategories

WORDS = st.lists(st.sampled_from(["ADVERTISING", "CLOUD_STORAGE", "MALWARE"]), max_size=3)
HOSTS = st.dictionaries(
    st.sampled_from([f"{letter}.example" for letter in "abcdef"]), st.tuples(WORDS, WORDS), max_size=6
)


def a_scan_of(named, **values):
    return ScanHosts(
        scan=1,
        state=HostsState.KNOWN,
        hosts=tuple(
            UrlCategories(url=host, categories=tuple(categories), alerts=tuple(alerts))
            for host, (categories, alerts) in sorted(named.items())
        ),
        **values,
    )


@given(HOSTS, HOSTS)
@settings(max_examples=50)
def test_what_changed_leads_from_the_one_to_the_other(before, after):
    changes = HostChanges.between(a_scan_of(before), a_scan_of(after))

    named = {host: (set(categories), set(alerts)) for host, (categories, alerts) in before.items()}
    for gone in changes.removed:
        del named[gone.url]
    for old, new in changes.recategorised:
        assert named[old.url] == (set(old.categories), set(old.alerts))
        assert named[old.url] != (set(new.categories), set(new.alerts))
        named[new.url] = (set(new.categories), set(new.alerts))
    for new in changes.added:
        assert new.url not in named
        named[new.url] = (set(new.categories), set(new.alerts))
    assert named == {host: (set(categories), set(alerts)) for host, (categories, alerts) in after.items()}


@given(HOSTS, HOSTS)
@settings(max_examples=50)
def test_the_other_way_round_what_came_is_what_goes(before, after):
    there = HostChanges.between(a_scan_of(before), a_scan_of(after))
    back = HostChanges.between(a_scan_of(after), a_scan_of(before))

    assert there == replace(
        back,
        added=back.removed,
        removed=back.added,
        recategorised=tuple((new, old) for old, new in back.recategorised),
    )
    assert HostChanges.between(a_scan_of(after), a_scan_of(after)).nothing


def test_what_is_not_known_of_a_build_is_not_told_as_new_or_gone():
    few, many = {"a.example": ((), ())}, {"a.example": ((), ()), "b.example": ((), ())}

    assert HostChanges.between(a_scan_of(few, left_out=1), a_scan_of(many)).nothing
    assert HostChanges.between(a_scan_of(many), a_scan_of(few, cut_short=True)).nothing
    assert [each.url for each in HostChanges.between(a_scan_of(few), a_scan_of(many)).added] == ["b.example"]
