"""``/appscan urls``, on the stand-ins."""

import pytest

from tests.scenario.office import Office


@pytest.fixture(autouse=True)
def _hurried(second_place: Office):
    second_place.clock.hurried = True


async def test_anybody_asks_about_urls(second_place: Office):
    place = second_place
    place.zscaler.world.categories["bad.example"] = (("WEB_BANNERS",), ("MALWARE_SITE",))
    typed = f"<https://dana:pa55@bad.example/x#frag|bad.example/x> hello odd.example/{'x' * 1100}"

    told = await place.command(f"urls {typed}")

    assert "Security alert · `bad.example/x` · Malware site, Web banners" in told
    assert "Over 1,024 characters, so not asked: `odd.example/xxx" in told
    assert "No URL or host, so not asked: `hello`" in told
    assert [look.urls for look in place.zscaler.look_ups] == [("bad.example/x",)]

    place.zscaler.world.in_maintenance = True
    told = await place.command("urls bad.example/x new.example")
    assert "`bad.example/x` · Malware site" in told
    assert "1 URL was not looked up: Zscaler is being maintained" in told
    assert "Name the URLs or hosts to look up" in await place.command("urls")


async def test_without_zscaler_there_is_no_such_word(second_place: Office):
    await second_place.stop()
    for name in [name for name in second_place.environ if name.startswith("ZSCALER_")]:
        del second_place.environ[name]
    await second_place.start()

    assert "That is none of the words I know" in await second_place.command("urls example.com")
