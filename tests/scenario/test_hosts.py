"""Where a build talks to, from the share to the thread, and ``/appscan urls``, on the stand-ins."""

import pytest

from tests.scenario.office import Office, apk


@pytest.fixture(autouse=True)
def _hurried(second_place: Office):
    second_place.clock.hurried = True


async def test_a_build_that_talks_to_a_bad_host_and_the_next_one(second_place: Office):
    place = second_place
    place.zscaler.world.categories |= {
        "ads.shop-example.com": (("WEB_BANNERS",), ()),
        "cdn.shop-example.com": (("CLOUD_STORAGE",), ()),
        "bad.shop-example.com": (("WEB_BANNERS",), ("MALWARE_SITE",)),
    }
    place.zscaler.world.categories |= {f"n{n}.shop-example.com": (("CDN",), ()) for n in range(26)}
    named = [f"https://n{n}.shop-example.com" for n in range(26)]
    named += ["https://ads.shop-example.com/v1", "https://bad.shop-example.com/x?y=1"]
    channel = place.builds_channel

    strings = [*named, "https://old.shop-example.com/"]
    first = place.dana.share(channel, [("shop-4.1.0.apk", apk("4.1.0", strings=strings))])
    told = place.read(await place.reply(first, "Talks to 29 hosts"))
    assert "Security alert: `bad.shop-example.com` (Malware site)" in told
    assert "Unknown category: `old.shop-example.com`" in told

    strings = [*named, "https://cdn.shop-example.com/lib"]
    second = place.dana.share(channel, [("shop-4.2.0.apk", apk("4.2.0", strings=strings))])
    told = place.read(await place.reply(second, "new host", timeout_s=20))
    assert "1 new host since `4.1.0`: `cdn.shop-example.com`; 1 host gone: `old.shop-example.com`." in told
    assert [len(look.urls) for look in place.zscaler.look_ups] == [29, 1]

    await place.press(second, "All hosts")
    form = await place.form()
    assert form.index("`bad.shop-example.com`") < form.index("`ads.shop-example.com`")

    async def shows(words: str) -> str:
        await place.slack.until(lambda: words in place.read_view(place.dana.open_view()))
        return await place.form()

    await place.dana.press_in_view("Next")
    await shows("26 to 29 of 29")
    await place.dana.submit_view({"hosts_search": "cloud storage"})
    assert "ads.shop-example.com" not in await shows("`cdn.shop-example.com` · Cloud storage")


async def test_anybody_asks_about_urls(second_place: Office):
    place = second_place
    place.zscaler.world.categories["bad.example"] = (("WEB_BANNERS",), ("MALWARE_SITE",))
    typed = f"<https://dana:pa55@bad.example/x#frag|bad.example/x> hello odd.example/{'x' * 1100}"

    told = await place.command(f"urls {typed}")

    assert "Security alert · `bad.example/x` · Malware site, Web banners" in told
    assert "Over 1,024 characters, so not looked up: `odd.example/xxx" in told
    assert "Not a URL or host, so not looked up: `hello`" in told
    assert [look.urls for look in place.zscaler.look_ups] == [("bad.example/x",)]

    place.zscaler.world.in_maintenance = True
    told = await place.command("urls bad.example/x new.example")
    assert "`bad.example/x` · Malware site" in told
    assert "1 URL was not looked up: Zscaler is under maintenance" in told
    assert "Name the URLs or hosts to look up" in await place.command("urls")
