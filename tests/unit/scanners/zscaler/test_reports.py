import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import TryLater
from bot.features.verdicts.models import Report, ReportStatus, Risk, SandboxVerdict, Threat
from bot.scanners.zscaler.reports import MOST_RISKS, SIGNATURE_LIMIT, read_quotas, read_report

MD5 = "0cc175b9c0f1b6a831c399e269772661"
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)


def summary(status="COMPLETED", named=MD5, **judged):
    return {
        "Summary": {
            "Summary": {"Status": status, "FileType": "APK", "Duration": 480_531},
            "Classification": {"Type": "BENIGN", "Score": 12, **judged},
            "FileProperties": {"MD5": named.upper()},
        }
    }


def test_a_summary():
    told = summary(Type="MALICIOUS", Category="MALWARE_BOTNET", Score=86, DetectedMalware="Joker")

    assert read_report(told, MD5) == Report(
        status=ReportStatus.COMPLETED,
        verdict=SandboxVerdict(
            threat=Threat.MALICIOUS,
            category="MALWARE_BOTNET",
            score=86,
            malware="Joker",
            file_type="APK",
            duration_s=480.531,
        ),
    )


def test_the_risks_of_every_section_of_a_full_report():
    told = {
        "Full Details": {
            **summary()["Summary"],
            "System Summary": [{"Risk": "LOW", "Signature": "Reads\nlogs", "SignatureSources": ["a", 1]}],
            "Networking": [{"Risk": "HIGH", "Signature": "Dials"}, {"Risk": "HIGH", "Signature": "Dials"}],
            "Stealth": [{"Risk": "LOW"}, {"Signature": "x"}, None, 7],
            "Origin": {"Risk": "None", "Country": "x"},
        }
    }

    verdict = read_report(told, MD5).verdict

    assert verdict is not None
    assert verdict.is_full
    assert verdict.risks == (
        Risk(level="LOW", signature="Reads logs", sources=("a",)),
        Risk(level="HIGH", signature="Dials"),
    )


@pytest.mark.parametrize(
    ("status", "read"),
    [
        ("INPROGRESS", ReportStatus.IN_PROGRESS),
        ("NOTFOUND", ReportStatus.NOT_FOUND),
        ("Nodynamic", ReportStatus.NO_DYNAMIC),
        ("RESTING", ReportStatus.OTHER),
        (None, ReportStatus.OTHER),
    ],
)
def test_a_report_without_a_verdict(status, read):
    told = {"Summary": {"Summary": {"Status": status, "FileType": "APK"}, "Classification": {}}}

    assert read_report(told, MD5) == Report(status=read)


def test_a_report_that_is_told_in_words_is_none_yet():
    told = {"Summary": "md5 is unknown or analysis has yet not been completed. Please try again later."}

    assert read_report(told, MD5) == Report(status=ReportStatus.NOT_FOUND)


@pytest.mark.parametrize(
    ("score", "read"),
    [(101, 100), (-1, 0), ("86", 86), (59.6, 60), ("high", None), (None, None), (True, None)],
)
def test_a_score_is_between_0_and_100(score, read):
    assert read_report(summary(Score=score), MD5).verdict.score == read


def test_words_that_were_not_published():
    verdict = read_report(summary(Type="ADWARE", DetectedMalware="None", Category=""), MD5).verdict

    assert (verdict.threat, verdict.malware, verdict.category) == (Threat.OTHER, None, None)


def test_a_report_about_another_file_is_not_believed():
    with pytest.raises(TryLater) as caught:
        read_report(summary(named="f" * 32), MD5)

    assert "another file" in caught.value.user_message


@pytest.mark.parametrize("told", [None, [], "x", {}, {"Summary": {}}, {"Summary": 1}, {"Full Details": []}])
def test_what_is_no_report_makes_no_sense(told):
    with pytest.raises(TryLater) as caught:
        read_report(told, MD5)

    assert "makes no sense" in caught.value.user_message


def test_everything_is_bounded():
    seen = [
        {"Risk": "LOW" * 50, "Signature": f"{n} " * 600, "SignatureSources": ["y" * 600] * 20}
        for n in range(2 * MOST_RISKS)
    ]
    told = summary(Category="c" * 999, DetectedMalware="\x1b[2J\u202e" + "m" * 999)
    told = {"Full Details": {**told["Summary"], "System Summary": seen, "Networking": seen}}
    told["Full Details"]["Summary"]["Duration"] = 1e300

    verdict = read_report(told, MD5).verdict

    assert len(verdict.risks) == MOST_RISKS
    assert all(len(risk.signature) <= SIGNATURE_LIMIT and len(risk.level) <= 100 for risk in verdict.risks)
    assert len(verdict.category) <= 100
    assert verdict.malware.isprintable()
    assert verdict.duration_s == 7 * 86_400


@settings(max_examples=30)
@given(
    st.fixed_dictionaries(
        {"Summary": JSON, "Classification": JSON, "FileProperties": JSON, "Networking": JSON}
    )
)
def test_no_report_breaks_the_reader(report):
    for name in ("Summary", "Full Details"):
        try:
            read = read_report({name: report}, MD5)
        except TryLater:
            continue
        assert read.verdict is None or read.verdict.score is None or 0 <= read.verdict.score <= 100


def test_quotas_that_make_sense():
    told = [
        {"startTime": 1_795_310_785, "used": 3, "allowed": 1000, "scale": "DAYS", "unused": 997},
        {"startTime": 1_795_310_785_000, "used": "1", "allowed": 2},
        {"startTime": -1, "used": 5, "allowed": 0},
        {"startTime": -1, "used": 0, "allowed": -1},
        {"used": None, "allowed": 1},
        7,
    ]

    first, second, third = read_quotas(told)

    assert (first.used, first.unused, first.scale, first.started_at) == (3, 997, "DAYS", 1_795_310_785)
    assert (second.used, second.allowed, second.started_at) == (1, 2, 1_795_310_785)
    assert (third.allowed, third.unused, third.started_at) == (0, 0, None)
    with pytest.raises(TryLater):
        read_quotas({"used": 1})


@settings(max_examples=30)
@given(JSON)
def test_no_quota_breaks_the_reader(told):
    try:
        quotas = read_quotas(told)
    except TryLater:
        assert not isinstance(told, list)
    else:
        assert all(quota.unused >= 0 for quota in quotas)


@pytest.mark.parametrize("told", ["AB" * 32, f" {'ab' * 32} ", "ab", "", None, 7])
def test_a_report_says_of_which_file_it_is_where_that_can_be_read(told):
    value = summary()
    value["Summary"]["FileProperties"]["Sha256"] = told
    assert read_report(value, MD5).sha256 == (
        "ab" * 32 if isinstance(told, str) and len(told) >= 64 else None
    )
