"""Scanning from a shell, as the help tells of it; ``python -m bot scan`` does it."""

from bot.core.identifiers import EXAMPLE_APP_ID
from bot.slack.listening.command import Topic
from bot.wiring.feature import Feature, Surface

CI = Topic(
    gist="scan from a shell or a pipeline",
    body=(
        "The same job with the same history and rules. Progress goes to standard error, the request ID "
        "to standard output; exit codes tell what became of it. With `--channel` it is told in Slack as "
        "well. Where a person would be asked, run it again with `--app-id` or `--new`; `--again` submits "
        "the very same file once more.\n"
        "Builds that a pipeline posts with a Slack app of its own are scanned like any other."
    ),
    examples=(
        "python -m bot scan shop.apk",
        f"python -m bot scan shop.apk --app-id {EXAMPLE_APP_ID} --channel C0123456789",
        'python -m bot scan Shop.ipa --name "Shop (staging)"',
    ),
)

FEATURE = Feature(name="shell", build=lambda _: Surface(topics={"ci": CI}))
