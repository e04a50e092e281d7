"""The help topic of ``python -m bot scan``."""

from bot.core.identifiers import EXAMPLE_APP_ID
from bot.slack.listening.command import Topic
from bot.wiring.feature import Feature, Surface

CI = Topic(
    gist="scan from a shell or a pipeline",
    body=(
        "Works like a share in Slack, with the same history and rules. Progress goes to standard error, the "
        "request ID to standard output; the exit code says how it ended. `--channel` also posts to Slack. "
        "If a person has to decide, run it again with `--app-id` or `--new`; `--again` submits the very "
        "same file again.\n"
        "Builds that a pipeline posts with a Slack app of its own are scanned like any other."
    ),
    examples=(
        "python -m bot scan shop.apk",
        f"python -m bot scan shop.apk --app-id {EXAMPLE_APP_ID} --channel C0123456789",
        'python -m bot scan Shop.ipa --name "Shop (staging)"',
    ),
)

FEATURE = Feature(build=lambda _: Surface(topics={"ci": CI}))
