"""OneTrust is away for a while: builds wait with a word, little is tried, and all go when it is back."""

from bot.core.circuit_breaker import AWAY, FAILURES
from sandbox.slack import Shared
from tests.scenario.office import Office, apk

BUILDS = 30
AWAY_S = 3600


def share(place: Office, nth: int) -> Shared:
    build = apk(package=f"com.example.n{nth}", label=f"App {nth}")
    return place.dana.share(place.channel(f"team-{nth % 6}"), [(f"{nth}.apk", build)])


def waits(place: Office, shared: Shared) -> bool:
    told = [place.read(reply) for reply in place.replies(shared)]
    return any("will be tried again" in text or "waits for OneTrust" in text for text in told)


async def test_an_hour_without_onetrust_and_thirty_builds(place: Office, caplog):
    place.clock.hurried = True
    away = place.onetrust.faults.add("webhook", times=None, status=503, retry_after=600)
    early = [share(place, nth) for nth in range(FAILURES)]
    await place.slack.until(lambda: any("accepts no builds" in each.getMessage() for each in caplog.records))
    for shared in early:
        await place.slack.until(lambda shared=shared: waits(place, shared))
    tried = place.onetrust.count("webhook")
    assert tried <= FAILURES + 4  # those that were on their way when it was noticed
    pulled = len(place.slack.called("download"))
    late = [share(place, nth) for nth in range(FAILURES, BUILDS)]
    for shared in late:
        await place.reply(shared, "waits for OneTrust", AWAY, "[ Cancel ]", timeout_s=60)
        assert "waits for OneTrust" in place.versions(place.replies(shared)[0])[0]
    assert len(place.slack.called("download")) <= pulled + 2  # for a probe, if a pause is over by now
    assert place.onetrust.count("webhook") <= tried + 2

    for _ in range(AWAY_S // 60):
        before = place.onetrust.count("webhook"), len(place.slack.called("download"))
        place.clock.advance(60)
        assert "help" in (await place.command("help")).lower()  # people are answered meanwhile
        assert place.onetrust.count("webhook") - before[0] <= 2
    probes = place.onetrust.count("webhook") - tried
    assert 1 <= probes <= 10
    assert len(place.slack.called("download")) - pulled <= probes + 1
    assert place.onetrust.received == []

    away.cancel()
    place.clock.advance(900)
    for shared in early + late:
        await place.reply(shared, "was submitted to OneTrust", timeout_s=60)
    assert len(place.onetrust.received) == BUILDS
    assert {taken.name for taken in place.onetrust.received} == {f"App {nth}" for nth in range(BUILDS)}
    statuses = [call.status for call in place.onetrust.calls if call.point == "webhook"]
    assert statuses.count(202) == BUILDS
    assert statuses.count(503) == len(statuses) - BUILDS <= tried + 11
    said = [each.getMessage() for each in caplog.records if each.name == "bot.core.circuit_breaker"]
    assert "accepts no builds (" in said[0]
    assert all("still accepts no builds" in line for line in said[1:-1])
    assert "accepts builds again" in said[-1]
    for shared in early + late:
        assert len(place.posts(shared)) == 1
    told = [text for shared in early + late for text in place.versions(place.replies(shared)[0])]
    # Said when a build comes, again as its second event does or it is parked; never to all for each probe.
    assert sum("waits for OneTrust" in text for text in told) <= 3 * BUILDS + probes
