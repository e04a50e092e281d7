"""The policy, from its file to the thread: what OneTrust finds is judged as soon as it is read."""

import asyncio
from contextlib import suppress
from pathlib import Path

from sandbox.onetrust.results import Results, Sdk
from tests.scenario.office import apk, office

POLICY = """
[[rule]]
name = "No new trackers"
no_new_sdk_categories = ["Targeting"]
tell = ["S0PRIVACY"]
"""
ADS = Sdk(package_id="com.ads", name="Ads", category="Targeting")
MORE = Sdk(package_id="com.more", name="More", category="Targeting")


async def test_what_onetrust_finds_is_judged_by_the_policy_against_the_build_before(tmp_path: Path):
    (tmp_path / "policy.toml").write_text(POLICY)
    environ = {
        "ONETRUST_RESULTS_HOURS": "24",
        "ONETRUST_RESULTS_POLL_S": "5",
        "APPSCAN_POLICY": str(tmp_path / "policy.toml"),
    }
    async with office(tmp_path, **environ) as place:
        place.clock.hurried = True
        await place.onetrust.until(lambda: place.onetrust.count("applications"))  # results can be read
        app = place.onetrust.add_app("Shop", "ANDROID")
        await place.command(f"link com.example.shop {app.id} android")

        async def judged(version: str, *found: Sdk) -> str:
            """Share a version in which OneTrust finds these SDKs; return the message about its results."""
            shared = place.dana.share(place.builds_channel, [("shop.apk", apk(version))])
            await place.submitted(shared)
            place.onetrust.finish(app.id, "COMPLETED", results=Results(sdks=found))

            async with asyncio.timeout(15):
                while len(place.replies(shared)) < 2:
                    place.clock.advance(5)
                    with suppress(TimeoutError):
                        await place.slack.until(lambda: len(place.replies(shared)) > 1, 0.1)
            return place.read(place.replies(shared)[1])

        assert "Breaks the policy" not in await judged("4.1.0", ADS)  # nothing to compare with
        told = await judged("4.2.0", ADS, MORE)
        assert "🚨 Breaks the policy: No new trackers\n• new SDK: More (Targeting)\n" in told
        assert "[ Acknowledge… ]" in told
