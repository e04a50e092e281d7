"""Android App Bundles, where they are taken: what is in one has to be one, as its name says."""

from pathlib import Path

from sandbox.builds import make_zip
from sandbox.bundles import make_aab
from tests.scenario.office import apk, office

REFUSED = (
    ("shop.apk", make_aab(package="a.b"), "The name ends in `.apk`, but the file is an Android App Bundle."),
    ("shop.aab", apk(), "The name ends in `.aab`, but the file is an APK."),
    ("shop.aab", make_zip({"BundleConfig.pb": b"x"}), "Build the bundle again and share the new `.aab`."),
)


async def test_what_is_none_is_told_so(tmp_path: Path):
    async with office(tmp_path, ONETRUST_ROUTES="webhook,direct") as place:
        place.clock.hurried = True
        for name, content, words in REFUSED:
            shared = place.dana.share(place.builds_channel, [(name, content)])
            await place.reply(shared, f"`{name}` can't be scanned", words)
        assert place.onetrust.received == []
