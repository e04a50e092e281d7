"""The rules file: what can be written in it, and each sentence about what can't."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.scan import Platform
from bot.errors import SettingsError
from bot.features.compliance import rules_file
from bot.features.compliance.rules import Rule

DOCUMENT = Path(__file__).parents[4] / "docs/policy.md"
EXAMPLES = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)

WHOLE = """
[[rule]]
name = "No new trackers"
no_new_sdk_categories = ["Targeting"]
tell = ["U0123ABCD", "S0456PRIV", "U0123ABCD"]

[[rule]]
name = "Dangerous permissions"
high_risk_permissions_allowed = ["android.permission.CAMERA"]
apps = ["com.example.*"]
platforms = ["android"]

[[rule]]
name = "Privacy manifest"
privacy_manifest_mismatches = 0
privacy_manifest_missing = 2
no_new_permissions = true
"""


def problems(content: str | bytes) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        rules_file.parse(content.encode() if isinstance(content, str) else content)
    return raised.value.problems


def test_rules_are_read_in_their_order():
    assert rules_file.parse(WHOLE.encode()) == (
        Rule(
            name="No new trackers",
            no_new_sdk_categories=("Targeting",),
            tell=("U0123ABCD", "S0456PRIV"),
        ),
        Rule(
            name="Dangerous permissions",
            high_risk_permissions_allowed=("android.permission.CAMERA",),
            apps=("com.example.*",),
            platforms=frozenset({Platform.ANDROID}),
        ),
        Rule(
            name="Privacy manifest",
            privacy_manifest_mismatches=0,
            privacy_manifest_missing=2,
            no_new_permissions=True,
        ),
    )


def test_no_permission_of_high_risk_at_all_can_be_asked_for():
    (rule,) = rules_file.parse(b'[[rule]]\nname = "a"\nhigh_risk_permissions_allowed = []')

    assert rule.high_risk_permissions_allowed == ()


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_in_the_documents_is_a_policy(example):
    assert rules_file.parse(example.encode())


def test_every_key_is_in_the_documents():
    told = set(re.findall(r"^\| `(\w+)` ", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))

    assert told == set(Rule.__dataclass_fields__)
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("no_sdks = 'Adjust'", 'no_sdks must be a list of texts, such as ["one", "another"]'),
        ("no_sdks = [1]", 'no_sdks must be a list of texts, such as ["one", "another"]'),
        ("no_sdks = []", "no_sdks is empty: fill it, or remove it"),
        ("no_sdks = ['a', ' ']", "no_sdks has an entry (number 2) that is empty, too long or not printable"),
        ("no_sdks = ['[a']", "no_sdks has an entry (number 1) with brackets: only * and ? are wildcards"),
        (f"no_sdks = {['a'] * 201}", "no_sdks has more than 200 entries"),
        ("no_new_sdks = false", "no_new_sdks can only be true: remove it to switch it off"),
        ("no_new_permissions = 1", "no_new_permissions can only be true: remove it to switch it off"),
        (
            "privacy_manifest_mismatches = true",
            "privacy_manifest_mismatches must be a whole number from 0 to 10000: the maximum to allow",
        ),
        (
            "privacy_manifest_missing = -1",
            "privacy_manifest_missing must be a whole number from 0 to 10000: the maximum to allow",
        ),
        (
            "no_sdks = ['a']\ntell = ['U0123ABCD', '@maria']",
            "tell has an entry (number 2) that is not an ID: copy the ID of the person "
            "(U0123ABCD) or the user group (S0123ABCD) from Slack",
        ),
        (
            f"no_sdks = ['a']\ntell = {[f'U0123{each}' for each in range(11)]}",
            "tell may hold up to 10 IDs, of people (U0123ABCD) or user groups (S0123ABCD)",
        ),
        (
            "no_sdks = ['a']\napps = ['com.[x]']",
            "apps has an entry (number 1) with brackets: only * and ? are wildcards",
        ),
        (
            "no_sdks = ['a']\nplatforms = ['windows']",
            'platforms may hold "ios" and "android" and nothing else',
        ),
        (
            "privacy_manifest_missing = 0\nplatforms = ['android']",
            "only iOS apps have a privacy manifest, and iOS is not in platforms",
        ),
        ("no_sdks = ['a']\nseverity = 'high'", "`severity` is not a key"),
        ("no_sdks = ['a']\nsecret_k3y = 1", "something in it is not a key"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_with_its_name(lines, sentence):
    assert problems(f"[[rule]]\nname = 'Ours'\n{lines}") == [f'The rules file, rule 1 ("Ours"): {sentence}.']


def test_a_mistyped_key_is_told_with_the_one_that_was_meant():
    assert problems("[[rule]]\nname = 'Ours'\nno_sdks = ['a']\nno_sdk_category = ['x']") == [
        'The rules file, rule 1 ("Ours"): `no_sdk_category` is not a key; did you mean `no_sdk_categories`?'
    ]


def test_a_rule_that_asks_for_nothing_is_none():
    (problem,) = problems("[[rule]]\nname = 'Ours'\ntell = ['U0123ABCD']")

    assert problem.startswith('The rules file, rule 1 ("Ours"): it checks nothing: add one of no_sdks,')


@pytest.mark.parametrize(
    "name", ["", "name = ''", "name = ' '", "name = 1", f"name = '{'x' * 81}'", 'name = "a\\nb"']
)
def test_a_rule_without_a_name_is_told_by_its_number(name):
    assert problems(f"[[rule]]\nname = 'a'\nno_sdks = ['a']\n[[rule]]\n{name}\nno_sdks = ['a']") == [
        "The rules file, rule 2: name must be a text of 1 to 80 visible characters: it is what people read."
    ]


def test_every_problem_is_told_at_once():
    told = problems(
        "[[rule]]\nname = 'Ours'\nno_sdks = 1\ntell = ['x']\n[[rule]]\nname = 'ours'\nno_new_sdks = 2"
    )

    assert len(told) == 4
    assert told[-1] == "The rules file, rule 2: another rule has this name: give each its own."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The rules file has no [[rule]]: write one, or unset APPSCAN_RULES."),
        (b"rule = 1", "The rules file has no [[rule]]: write one, or unset APPSCAN_RULES."),
        (
            b"[rule]\nname = 'a'\nno_new_sdks = true",
            "The rules file holds [rule]: write [[rule]], in two brackets, above each rule.",
        ),
        (b"rule = []", "The rules file has no [[rule]]: write one, or unset APPSCAN_RULES."),
        (b"\xff", "The rules file is not UTF-8 text: save it as UTF-8."),
        (b"a = 1\nb = ?", "The rules file is not valid TOML, at line 2, column 5."),
        (b"a = " + b"1" * 5000, "The rules file is not valid TOML."),
        (
            b"a = " + b"[" * 60_000,
            "The rules file is nested too deeply: it is a list of [[rule]].",
        ),
        (
            b"[[rule]]\nname = 'a'\nno_new_sdks = true\n" * 21,
            "The rules file holds 21 rules; 20 are the maximum.",
        ),
        (
            b"token = 'x'\n[[rule]]\nname = 'a'\nno_new_sdks = true",
            "The rules file may hold [[rule]] and nothing else: remove the rest.",
        ),
    ],
)
def test_what_is_no_policy_at_all_is_said(content, sentence):
    (told,) = problems(content)

    assert told == sentence


def test_a_file_written_on_windows_is_read(tmp_path):
    (tmp_path / "policy.toml").write_bytes(b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode())

    assert len(rules_file.read(tmp_path / "policy.toml")) == 3


def test_a_file_that_is_not_there_or_too_large_is_said(tmp_path):
    with pytest.raises(SettingsError, match=r"can't be read \(No such file or directory\): check the path"):
        rules_file.read(tmp_path / "none.toml")
    (tmp_path / "large.toml").write_bytes(b"#" * (rules_file.MAX_BYTES + 1))
    with pytest.raises(SettingsError, match="is larger than 64000 bytes: is it"):
        rules_file.read(tmp_path / "large.toml")


@given(
    st.text(alphabet=st.sampled_from("[]rule=\"'\n name1{}.,no_sdks"), max_size=80) | st.binary(max_size=40)
)
def test_whatever_is_in_the_file_it_is_rules_or_sentences(content):
    told = []
    try:
        rules = rules_file.parse(content.encode() if isinstance(content, str) else content)
    except SettingsError as error:
        rules, told = (), error.problems

    assert bool(rules) is not bool(told)
    assert all(problem.startswith("The rules file") for problem in told)
