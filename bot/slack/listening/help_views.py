"""What ``/appscan help`` says."""

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from bot.core.identifiers import WHERE_APP_ID
from bot.slack.blocks import text
from bot.slack.blocks.elements import context, section
from bot.slack.blocks.message import Message, compose


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One page of help."""

    gist: str
    """A line for the list of topics."""
    body: str
    """In this project's words; ``< >`` as they are typed."""
    examples: tuple[str, ...]


_UUID: Final = "0b51dc1e-7a35-4f0c-9c55-2a6f4f1f8f8d"

TOPICS: Final[dict[str, Topic]] = {
    "share": Topic(
        gist="have a build scanned",
        body=(
            "Share an `.ipa` or `.apk` in a channel, a thread or a direct message that this bot is in "
            "(an `.aab` too, where it is set up for that). One reply in the thread follows it until OneTrust "
            "has it; when it has been scanned, a message there tells what was found.\n"
            "The first build of an app is a new scan. Once the app is linked to its app ID, each further "
            "build is a rescan. Where that is not clear, the bot asks.\n"
            "In the message with the file, `rescan <appId>` makes it a rescan of that app, and `name: …` "
            "names a new app. For a build shared earlier, choose *Scan this build* in its message's menu."
        ),
        examples=(f"rescan {_UUID}", "name: Shop (staging)"),
    ),
    "rescan": Topic(
        gist="scan a new build of an app that OneTrust knows",
        body=(
            "With a link to a shared file or its message, that file is scanned. Without one, the bot waits "
            "24 hours in the channel for a reply with the new build, and offers the latest one it knows.\n"
            "Without an app ID, or with a word of its name, OneTrust's own applications are offered, where "
            "the bot may read them.\n"
            f"The app ID is {WHERE_APP_ID}."
        ),
        examples=(
            f"/appscan rescan {_UUID}",
            "/appscan rescan shop",
            f"/appscan rescan {_UUID} https://example.slack.com/archives/C0123456789/p1790000000123456",
        ),
    ),
    "history": Topic(
        gist="find scans",
        body=(
            "Newest first. Words are looked for in the name, bundle identifier, file name and version; "
            "quotes keep words together; a request ID finds its scan. Filters combine:\n"
            "`app:` an app ID or a bundle identifier\n"
            "`platform:` `ios` or `android`\n"
            "`status:` `submitted`, `failed`, `rejected`, `uncertain`, `open`, …; several with commas\n"
            "`by:` @person or `me`\n"
            "`in:` #channel or `here`\n"
            "`since:` `until:` a day, `today`, `yesterday`, or how long ago (`24h`, `7d`, `2w`); days are in "
            "your time zone, and both count\n"
            "`sdk:` a part of an SDK's name, vendor or package ID: scans that found it\n"
            "`violation:` `open`, `any`, or a part of a rule's name: scans that violate compliance rules\n"
            "`result:` `completed`, `failed`, `interrupted`, `lost`, `ambiguous`: how OneTrust's scan ended\n"
            "Scans of private channels and direct messages are shown only to those who are in them."
        ),
        examples=(
            "/appscan history",
            "/appscan history shop platform:ios since:7d",
            "/appscan history status:failed,rejected by:me",
            "/appscan history sdk:firebase violation:open",
            "/appscan history app:com.example.shop until:2026-11-01",
        ),
    ),
    "status": Topic(
        gist="the scans under way, or everything about one",
        body=(
            "Alone, the scans that have not come to their end, and when OneTrust is looked at next for each. "
            "With a scan's number or its request ID, all that is known of it, with its timeline; with an "
            "app, the same of its newest scan."
        ),
        examples=("/appscan status", "/appscan status com.example.shop", "/appscan status 12"),
    ),
    "diff": Topic(
        gist="what changed in an app between two versions",
        body=(
            "SDKs and permissions that came, went or moved to another category. The app is a bundle "
            "identifier, an app ID or a word of its name, in quotes where it has spaces; where it is on "
            "both platforms, say `ios` or `android` after it. Without a version, its last two completed "
            "scans are compared; with one, that version and the newest; with two, those. Of a version that "
            "was scanned more than once it is its last completed scan. With a scan's number in place of the "
            "app, that scan and the one before it are compared."
        ),
        examples=(
            "/appscan diff com.example.shop",
            "/appscan diff com.example.shop android 4.1.0 4.2.0",
            '/appscan diff "My Shop" 4.1.0',
            "/appscan diff 12",
        ),
    ),
    "sdk": Topic(
        gist="which apps have an SDK in them",
        body=(
            "A part of its name, its vendor or its package ID: each app with the versions in which OneTrust "
            "found it, newest first, and whether it is still in the newest."
        ),
        examples=("/appscan sdk com.google.firebase", "/appscan sdk firebase"),
    ),
    "apps": Topic(
        gist="the apps known here, and their app IDs",
        body=(
            "Each app with its newest version, how often it was submitted, and the app ID it is linked to. "
            "Below them OneTrust's own applications, where the bot may read them; with a word, only those "
            "that have it in their name."
        ),
        examples=("/appscan apps shop", "/appscan apps"),
    ),
    "link": Topic(
        gist="make an app's next builds rescans",
        body=(
            "Links a bundle identifier to an app in OneTrust. The platform is needed only where the bundle "
            f"identifier is used on both.\nThe app ID is {WHERE_APP_ID}."
        ),
        examples=(f"/appscan link com.example.shop {_UUID}", f"/appscan link com.example.shop {_UUID} ios"),
    ),
    "unlink": Topic(
        gist="forget an app's app ID",
        body="At the app's next build the bot asks again. Nothing changes in OneTrust.",
        examples=("/appscan unlink com.example.shop", "/appscan unlink com.example.shop ios"),
    ),
    "ci": Topic(
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
            f"python -m bot scan shop.apk --app-id {_UUID} --channel C0123456789",
            'python -m bot scan Shop.ipa --name "Shop (staging)"',
        ),
    ),
}
"""Topics by the word that asks for them."""

OPTIONAL: Final[dict[str, Topic]] = {
    "verdict": Topic(
        gist="what Zscaler's Sandbox says of a build",
        body=(
            "The number of a scan, the SHA-256 of a build that was scanned here, or any file's MD5. What is "
            "in the history is told from there; for an MD5 that is not, Zscaler is asked, which counts on "
            "the day's quota of reports."
        ),
        examples=(
            "/appscan verdict 12",
            "/appscan verdict 0123456789abcdef0123456789abcdef",
        ),
    ),
    "governance": Topic(
        gist="what is known of a third-party app, and its risks",
        body=(
            "Asks Zscaler about an app that people give consent to, or find in a marketplace: who publishes "
            "it, its risk and score, what it may do, and what speaks against it.\n"
            "Name it by its app ID (client ID), or by the link to its consent or marketplace page. Of a link "
            "only what names the app is kept and sent on.\n"
            "An answer is told again for a day without asking. An app that Zscaler does not know yet is "
            "analysed; I send you a direct message when it is known. Only you see what you ask."
        ),
        examples=(
            "/appscan governance 22c49a0d-d21c-4792-aed1-8f163c982546",
            "/appscan governance https://slack.com/marketplace/A0F7XDUAZ-example",
        ),
    ),
    "zscaler": Topic(
        gist="how Zscaler stands, for admins",
        body=(
            "Only for those whom `APPSCAN_ADMINS` names. Whether the bot is signed in, maintenance, quotas, "
            "and how many calls are left.\n"
            "`activate` activates, after a question, all saved changes of all admins of Zscaler. That can't "
            "be undone."
        ),
        examples=("/appscan zscaler", "/appscan zscaler activate"),
    ),
    "urls": Topic(
        gist="which categories Zscaler has for URLs and hosts",
        body=(
            "Up to 100 URLs or hosts, with spaces between them. What was told within a day is told again; "
            "for the rest Zscaler is asked. User names, passwords and what follows a `#` are left out before."
        ),
        examples=(
            "/appscan urls ads.example.com",
            "/appscan urls https://example.com/login cdn.example.net",
        ),
    ),
}
"""Topics of words that are there only where their API is set up."""


def topics(words: Collection[str] = ()) -> dict[str, Topic]:
    """Return the topics there are where these optional words are."""
    return TOPICS | {word: topic for word, topic in OPTIONAL.items() if word in words}


def about(topic: str | None = None, *, words: Collection[str] = ()) -> Message:
    """Tell about a topic; about all of them without one, or with one that is unknown.

    ``words`` are the optional words that are there.
    """
    asked = (topic or "").strip().lower()
    there = topics(words)
    if asked in there:
        return _page(asked, there[asked])
    near = difflib.get_close_matches(asked, there, n=1) if asked else []
    hint = f" Did you mean `/appscan help {near[0]}`?" if near else ""
    return compose(
        [
            section(f":information_source: There is no help on that.{hint}") if asked else None,
            section(
                "*appscan* has every mobile build that is shared in Slack scanned by OneTrust, and answers "
                "in its thread. Share an `.ipa` or `.apk` where this bot is, and that is all."
            ),
            section("\n".join(f"`/appscan help {name}`  {each.gist}" for name, each in there.items())),
            context("For example: `/appscan history shop since:7d`"),
        ]
    )


def _page(name: str, topic: Topic) -> Message:
    return compose(
        [
            section(f"{text.code(name)}: {topic.gist}"),
            section("\n".join(text.sentence(line) for line in topic.body.split("\n"))),
            section("*Examples*\n" + "\n".join(text.code(each, 200) for each in topic.examples)),
        ]
    )
