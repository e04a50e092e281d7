"""Zscaler is switched off while a build is held for it, and on again later."""

from pathlib import Path

from tests.scenario.office import apk, office


async def test_a_held_build_goes_on_without_zscaler_and_gets_its_verdict_once_that_is_back(
    tmp_path: Path,
) -> None:
    held = {"ZSCALER_HOLD": "1", "ZSCALER_HOLD_MAX_S": "3600", "ZSCALER_REPORT_FIRST_S": "3000"}
    async with office(tmp_path, zscaler=True, **held) as place:
        place.clock.hurried = True
        shared = place.dana.share(place.builds_channel, [("shop.apk", apk())])
        await place.reply(shared, "waits for Zscaler's verdict", "analysing")
        await place.stop()
        settings = {name: value for name, value in place.environ.items() if name.startswith("ZSCALER_")}
        for name in settings:
            del place.environ[name]

        await place.start()
        await place.submitted(shared)
        assert "Zscaler" not in place.read(place.replies(shared)[0])

        await place.stop()
        await place.start(**settings)
        place.clock.advance(3000)
        await place.submitted(shared, "Zscaler Sandbox: benign", "went on without it")
        assert len(place.zscaler.submissions) == len(place.onetrust.received) == 1
