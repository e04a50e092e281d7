"""Files for the Sandbox, and the reports on them."""

import hashlib

import pytest

from sandbox.builds import make_apk, make_ipa

APK = make_apk(package="com.example.shop")
MD5 = hashlib.md5(APK, usedforsecurity=False).hexdigest()


@pytest.fixture
def report(api):
    async def read(md5=MD5, details="summary", expect=200):
        answer = await api.get(f"/sandbox/report/{md5}", params={"details": details, "_": "1"})
        assert answer.status_code == expect, answer.text
        return answer.json()

    return read


async def test_an_apk_is_taken_and_its_report_is_ready_later(zscaler, post, report):
    zscaler.verdict_for(
        MD5.upper(), type="MALICIOUS", category="SPYWARE", score=91, malware="Joker", risks=[("HIGH", "SMS")]
    )
    answer = (await post(APK, force="0")).json()
    assert answer["sandboxSubmission"] == "Submitted"
    assert (answer["code"], answer["fileType"], answer["md5"]) == ("200", "apk", MD5.upper())
    assert (await post(APK, force="1")).json()["code"] == 200

    zscaler.clock.advance(599)
    assert await report() == {"Summary": {"Summary": {"Status": "INPROGRESS"}}}
    zscaler.clock.advance(1)
    summary = (await report())["Summary"]
    assert summary["Summary"]["Status"] == "COMPLETED"
    assert summary["Classification"] == {
        "Type": "MALICIOUS",
        "Category": "SPYWARE",
        "Score": 91,
        "DetectedMalware": "Joker",
    }
    assert summary["FileProperties"]["Sha256"] == hashlib.sha256(APK).hexdigest()
    assert "System Summary" not in summary
    full = (await report(details="full"))["Full Details"]
    assert full["System Summary"] == [{"Risk": "HIGH", "Signature": "SMS", "SignatureSources": []}]
    assert [call.told for call in zscaler.report_calls] == ["INPROGRESS", "COMPLETED", "COMPLETED"]


async def test_what_no_rule_covers_is_not_analysed(zscaler, post, report):
    ipa = make_ipa(bundle_id="com.example.shop")
    answer = (await post(ipa)).json()
    assert (answer["fileType"], answer["sandboxSubmission"]) == ("Unknown", "Not Submitted")
    assert (await report(hashlib.md5(ipa, usedforsecurity=False).hexdigest()))["Summary"]["Summary"][
        "Status"
    ] == "NOTFOUND"
    zscaler.world.covered.clear()
    assert (await post(APK)).json()["fileType"] == "Unknown"


async def test_a_file_with_a_verdict_is_analysed_again_only_where_that_is_forced(zscaler, post, report):
    await post(APK)
    zscaler.clock.advance(300)
    await post(APK, force="0")  # while it is analysed: that goes on
    zscaler.clock.advance(300)
    assert (await post(APK, force="0")).json()["sandboxSubmission"] == "Not Submitted"
    assert (await report())["Summary"]["Summary"]["Status"] == "COMPLETED"
    assert (await post(APK, force="1")).json()["sandboxSubmission"] == "Submitted"
    assert (await report())["Summary"]["Summary"]["Status"] == "INPROGRESS"


async def test_a_known_virus_is_told_at_once_and_an_instant_verdict_has_no_analysis(zscaler, post, report):
    zscaler.world.known_bad[MD5] = ("EICAR_Test_File", "Virus")
    answer = (await post(APK)).json()
    assert (answer["virusName"], answer["sandboxSubmission"]) == ("EICAR_Test_File", "Virus")
    assert (await report())["Summary"]["Summary"]["Status"] == "NOTFOUND"
    answer = (await post(APK, "discan")).json()
    assert answer["virusType"] == "Virus"
    assert "sandboxSubmission" not in answer
    assert (await report())["Summary"]["Summary"]["Status"] == "NODYNAMIC"


async def test_a_file_is_refused_for_its_token_its_size_and_its_form(zscaler, post):
    assert (await post(APK, api_token="other")).status_code == 401
    assert (await post(APK, force="yes")).status_code == 400
    assert (await post(APK, kind="application/zip")).status_code == 415
    assert (await post(b"")).status_code == 400
    zscaler.largest["submit"] = len(APK) - 1
    assert (await post(APK)).status_code == 413
    assert (await post(APK, "discan")).status_code == 200
    assert len(zscaler.submissions) == 1


async def test_a_hundred_files_a_day_are_taken(zscaler, post):
    zscaler.submission_quota.allowed = 2
    for _ in range(2):
        assert (await post(APK)).status_code == 200
    answer = await post(APK)
    assert (answer.status_code, answer.json()["message"]) == (429, "Rate Limit (2/DAY) exceeded")
    assert (await post(APK, "discan")).status_code == 200
    zscaler.clock.advance(86_400)
    assert (await post(APK)).status_code == 200


async def test_every_call_counts_on_the_quota_of_reports(zscaler, api, report):
    zscaler.reports.quota.allowed = 2
    quota = (await api.get("/sandbox/report/quota")).json()
    assert quota == [{"startTime": -1, "used": 0, "allowed": 2, "scale": "DAYS", "unused": 2}]
    assert (await report())["Summary"]["Summary"] == {"Status": "NOTFOUND"}
    zscaler.reports.unready = "text"
    assert "unknown" in (await report(details="full"))["Full Details"]
    zscaler.clock.advance(1)
    assert (await report(expect=429))["Retry-After"] == "31999 seconds"
    await report("f" * 31, expect=400)
    zscaler.clock.advance(1)
    await report(details="all", expect=400)
    (quota,) = (await api.get("/sandbox/report/quota")).json()
    assert (quota["startTime"], quota["used"], quota["unused"]) == (1_749_945_600, 2, 0)
