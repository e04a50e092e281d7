"""The log: no secret in it, and no line that somebody else wrote."""

import asyncio
import io
import json
import logging
import re
import warnings
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import log_context
from bot.log import MAX_LENGTH, NOISY_LOGGERS, JsonFormatter, LineFormatter, configure, escape

SECRET = "p&ss/wörd+1 <x>"
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR) +[\w.]+: ")


@pytest.fixture
def stream():
    """Where the log goes while a test runs; everything is as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in NOISY_LOGGERS}
    yield io.StringIO()
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)


def line(message, *args, secrets=(SECRET,), exc_info=None):
    record = logging.LogRecord("bot.test", logging.INFO, "test.py", 1, message, args, exc_info)
    return LineFormatter(secrets).format(record)


def entry(message, *args, secrets=(SECRET,), exc_info=None, name="bot.test"):
    """Return the one JSON object that a message becomes."""
    record = logging.LogRecord(name, logging.INFO, "test.py", 1, message, args, exc_info)
    written = JsonFormatter(secrets).format(record)
    assert written.isprintable()
    return json.loads(written)


def raised(error):
    try:
        raise error
    except type(error) as caught:
        return type(caught), caught, caught.__traceback__


def test_a_line_tells_when_how_grave_where_and_what(stream):
    configure("INFO", [], stream)

    logging.getLogger("bot.core").info("scan %d submitted", 7)

    assert LINE.match(stream.getvalue())
    assert stream.getvalue().endswith(" INFO    bot.core: scan 7 submitted\n")


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        SECRET.upper(),
        quote(SECRET),
        quote(SECRET, safe="").lower(),
        quote(SECRET, safe="").replace("%20", "+"),
        r"p&ss/w\u00f6rd+1 <x>",
        "p&amp;ss/wörd+1 &lt;x&gt;",
    ],
)
def test_a_secret_is_hidden_however_it_is_spelled(spelling):
    text = line("sent to %s, and that was it", f"https://x.example/?k={spelling}")

    assert text.endswith("sent to https://x.example/?k=***, and that was it")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        ("{'Authorization': 'Bearer abc', 'x': 1}", "{'Authorization': 'Bearer ***', 'x': 1}"),
        ("?Authorization=Bearer%20abc&x=1", "?Authorization=Bearer%20***&x=1"),
        ("Authorization: Basic dGhlOnNlY3JldA==", "Authorization: Basic ***"),
        ("token xoxb-12-ab is used", "token *** is used"),
        ("xoxe.xoxp-1-abc, xapp-1-A0-ff", "***, ***"),
        ('{"access_token":"abc","expires_in":9}', '{"access_token":"***","expires_in":9}'),
        ('\'{\\"token\\": \\"abc\\"}\'', '\'{\\"token\\": \\"***\\"}\''),
        ("client_secret=abc&grant_type=x", "client_secret=***&grant_type=x"),
        (
            "https://csbapi.example/zscsb/submit?api_token=abc&force=0",
            "https://csbapi.example/zscsb/submit?api_token=***&force=0",
        ),
        ('{"apiKey": "hifcfcfleiei", "timestamp": "1"}', '{"apiKey": "***", "timestamp": "1"}'),
        ("{'X-API-KEY': 'abc', 'x': 1}", "{'X-API-KEY': '***', 'x': 1}"),
        ("[(b'Set-Cookie', b'JSESSIONID=B87.a!1; Path=/')]", "[(b'Set-Cookie', b'JSESSIONID=***; Path=/')]"),
        ("b'JSESSIONID=\"B87&a>1)z\"; Path=/'", "b'JSESSIONID=\"***\"; Path=/'"),
        ("wss://wss.slack.com/link/?ticket=ab-1&app_id=2", "wss://wss.slack.com/link/?ticket=***&app_id=2"),
        ("POST https://hooks.slack.com/commands/T1/2/abc 200", "POST https://hooks.slack.com/*** 200"),
        ("proxy http://me:pa&ss@proxy.example:3128", "proxy http://***@proxy.example:3128"),
        ("the token: refused with 401", "the token: refused with 401"),
        ("Basic facts, box-1, oxxoxb", "Basic facts, box-1, oxxoxb"),
    ],
)
def test_what_looks_like_a_credential_is_hidden(text, shown):
    assert line(text, secrets=()).partition("bot.test: ")[2] == shown


def test_secrets_of_an_exception_and_its_causes_are_hidden():
    error = OSError(f"Bearer {SECRET}")
    error.__cause__ = ValueError(f"no good: {SECRET}")

    text = line("it failed", exc_info=raised(error))

    assert "    ValueError: no good: ***" in text
    assert "    OSError: Bearer ***" in text
    assert "wörd" not in text


def test_a_traceback_is_readable_and_can_not_pass_for_lines():
    forged = "2026-01-01T00:00:00.000Z INFO    bot: all is well"

    text = line("it failed", exc_info=raised(ValueError(f"x\n{forged}\r{forged}\x1b[2J")))

    head, *rest = text.split("\n")
    assert LINE.match(head)
    assert rest[0] == "    Traceback (most recent call last):"
    assert all(part.startswith("    ") and part.isprintable() for part in rest)
    assert f"    {forged}\\r{forged}\\x1b[2J" in rest


@given(st.text(), st.text(alphabet=st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_whatever_is_logged_stays_one_printable_line(text, controls):
    shown = line("%s", f"{controls}{text}{controls}")

    assert LINE.match(shown)
    assert shown.isprintable()


@given(
    st.text(
        min_size=8, alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="*\\")
    ),
    st.text(),
    st.text(),
)
def test_a_secret_never_comes_out_as_it_was(secret, before, after):
    shown = line("%s", f"{before}{secret}{after}", secrets=[secret]).partition("bot.test: ")[2]

    assert secret not in shown


def test_a_long_text_is_cut():
    assert escape("x" * (MAX_LENGTH + 5)) == "x" * MAX_LENGTH + "… (5 more characters)"


def test_a_log_call_with_the_wrong_arguments_still_says_what_it_wanted():
    assert line("%d scans for %s", SECRET).endswith("%d scans for %s ('***',)")


def test_the_words_of_a_line_that_can_not_be_written_do_not_appear_elsewhere(stream, capsys):
    configure("INFO", [], stream)
    stream.close()

    logging.getLogger("bot").info("%s", SECRET)

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("level", "said"), [("INFO", False), ("DEBUG", True)])
def test_libraries_are_quiet_below_debug(stream, level, said):
    configure(level, [], stream)

    for name in NOISY_LOGGERS:
        logging.getLogger(f"{name}.part").info("chatter")
        logging.getLogger(f"{name}.part").warning("trouble")

    assert stream.getvalue().count("chatter") == (len(NOISY_LOGGERS) if said else 0)
    assert stream.getvalue().count("trouble") == len(NOISY_LOGGERS)


def test_the_last_configuration_holds(stream):
    configure("DEBUG", [], stream)
    configure("WARNING", [SECRET], stream)

    logging.getLogger("bot").info("not this")
    logging.getLogger("bot").warning("%s", SECRET)

    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("bot: ***\n")


def test_warnings_go_through_the_log_too(stream):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure("INFO", [SECRET], stream)
        warnings.warn(f"old way: {SECRET}", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)

    assert "DeprecationWarning: old way: ***" in stream.getvalue()


def test_json_tells_the_same_in_keys(stream):
    configure("INFO", [], stream, form="json")

    with log_context.working_on(7):
        logging.getLogger("bot.core").warning("took %d s", 3)
    logging.getLogger("bot.core").info("done")

    first, second = map(json.loads, stream.getvalue().splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.pop("time"))
    assert first == {"level": "WARNING", "logger": "bot.core", "message": "took 3 s", "scan": 7}
    assert list(second) == ["time", "level", "logger", "message"]


def test_json_holds_a_traceback_without_secrets_and_without_forged_lines():
    forged = '"}\n{"level": "INFO", "message": "all is well"}\x1b[2J'

    told = entry("it failed: %s", forged, exc_info=raised(ValueError(f"{SECRET}{forged}")))

    assert told["message"] == 'it failed: "}\\n{"level": "INFO", "message": "all is well"}\\x1b[2J'
    lines = told["exception"].split("\n")
    assert lines[0] == "    Traceback (most recent call last):"
    assert all(part.startswith("    ") and part.isprintable() for part in lines)
    assert '    ValueError: ***"}' in lines


@given(st.text(), st.text(alphabet=st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_whatever_is_logged_stays_one_json_object_on_one_line(text, controls):
    told = entry("%s", f"{controls}{text}{controls}", name=f"bot.{controls}{text}")

    assert set(told) == {"time", "level", "logger", "message"}
    assert told["message"].isprintable()


@given(
    st.text(
        min_size=8, alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="*\\")
    ),
    st.text(),
)
def test_a_secret_never_comes_out_in_json(secret, before):
    told = entry("%s", f"{before}{secret}", secrets=[secret])

    assert secret not in told["message"]


def test_each_line_of_a_library_says_which_scan_it_was_written_for(stream):
    configure("DEBUG", [], stream)

    with log_context.working_on(12):
        logging.getLogger("slack_sdk.web.async_base_client").info("x")
    logging.getLogger("slack_sdk.web.async_base_client").info("scan=13: x")

    first, second = stream.getvalue().splitlines()
    assert first.endswith(" INFO    slack_sdk.web.async_base_client scan=12: x")
    assert second.endswith(" INFO    slack_sdk.web.async_base_client: scan=13: x")


async def test_work_on_two_scans_at_once_is_told_apart(stream):
    configure("INFO", [], stream, form="json")
    both = asyncio.Barrier(2)

    class Worker:
        @log_context.concerning
        async def work(self, number):
            await both.wait()
            await asyncio.to_thread(logging.getLogger("library").warning, "scan %d", number)
            await asyncio.create_task(self.part(number))

        async def part(self, number):
            await both.wait()
            logging.getLogger("library").warning("scan %d", number)

    worker = Worker()
    await asyncio.gather(worker.work(1), worker.work(2))

    told = [json.loads(written) for written in stream.getvalue().splitlines()]
    assert sorted((entry["scan"], entry["message"]) for entry in told) == [
        *[(1, "scan 1")] * 2,
        *[(2, "scan 2")] * 2,
    ]
    assert log_context.number() is None
