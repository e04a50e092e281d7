"""Reports of the Sandbox on files that were submitted, and the daily quota of asking for them.

Source: https://help.zscaler.com/zia/sandbox-report
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.zscaler.limits import DayQuota, too_many
from sandbox.zscaler.records import ReportCall, Submission

Type = Literal["MALICIOUS", "SUSPICIOUS", "BENIGN"]

_CATEGORIES: dict[Type, str] = {
    "MALICIOUS": "MALWARE_BOTNET",
    "SUSPICIOUS": "SUSPICIOUS",
    "BENIGN": "BENIGN",
}
_SCORES: dict[Type, int] = {"MALICIOUS": 100, "SUSPICIOUS": 60, "BENIGN": 0}
_UNREADY = "md5 is unknown or analysis has yet not been completed.Please try again later."


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What an analysis finds."""

    type: Type = "BENIGN"
    category: str | None = None
    """``None``: one that goes with the type."""
    score: int | None = None
    """0 to 100; ``None``: one that goes with the type."""
    malware: str = ""
    """The name of what was detected."""
    risks: tuple[tuple[str, str], ...] = ()
    """How bad (``HIGH``, ``MODERATE``, ``LOW``), and what was seen."""

    def told(self) -> dict[str, Any]:
        """Return it as a report classifies a file."""
        return {
            "Type": self.type,
            "Category": self.category or _CATEGORIES[self.type],
            "Score": _SCORES[self.type] if self.score is None else self.score,
            "DetectedMalware": self.malware,
        }


@dataclass(frozen=True, kw_only=True)
class _Analysis:
    of: Submission
    ready_at: float


class Reports:
    """What is known of files by their MD5.

    Over the quota a call is refused with 429 and the rest of the day as its wait, in the form of the other
    limits: the documents list the quota among them. ``unready`` is how a report that isn't there is told:
    by its status, or by a text in place of the report, as captures of the service show it too.
    """

    def __init__(self, now: Callable[[], float], *, report_s: float, quota: int) -> None:
        self.report_s = report_s
        self.quota = DayQuota(now, quota)
        self.unready: Literal["status", "text"] = "status"
        self.calls: list[ReportCall] = []
        self._now = now
        self._analyses: dict[str, _Analysis] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._verdict_of_all = Verdict()

    def verdict_for(
        self,
        md5: str | None,
        *,
        type: Type = "BENIGN",  # noqa: A002 - the field's name in the report
        category: str | None = None,
        score: int | None = None,
        malware: str = "",
        risks: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Say what the analysis of a file finds, or that of all others with ``None``."""
        told = tuple((risk, signature) for risk, signature in risks)
        verdict = Verdict(type=type, category=category, score=score, malware=malware, risks=told)
        if md5 is None:
            self._verdict_of_all = verdict
        else:
            self._verdicts[md5.lower()] = verdict

    def has_verdict(self, md5: str) -> bool:
        """Tell whether an analysis of the file is complete."""
        return self._status(md5) == "COMPLETED"

    def take(self, submission: Submission) -> None:
        """Take a file: analyse it, or remember that it was only looked at.

        An analysis that runs or is complete begins again only for a file that comes with ``force``.
        """
        before = self._analyses.get(submission.md5)
        again = submission.analysed and submission.force
        if before is None or not before.of.analysed or again:
            ready_at = submission.at + (self.report_s if submission.analysed else 0.0)
            self._analyses[submission.md5] = _Analysis(of=submission, ready_at=ready_at)

    def read(self, md5: str, details: str) -> dict[str, Any]:
        """Return the report on a file, ``summary`` or ``full``, and count that.

        Raises:
            Refusal: today's quota is used up.
        """
        if not self.quota.take():
            raise too_many(self.quota.allowed, "DAY", self.quota.left_s)
        md5, status = md5.lower(), self._status(md5.lower())
        self.calls.append(ReportCall(at=self._now(), md5=md5, details=details, told=status))
        key = "Full Details" if details == "full" else "Summary"
        if self.unready == "text" and status in {"INPROGRESS", "NOTFOUND"}:
            return {key: _UNREADY}
        return {key: self._report(md5, status, is_full=details == "full")}

    def told_quota(self) -> list[dict[str, Any]]:
        """Return the quota as the API tells it; ``startTime`` is -1 until one is used."""
        quota = self.quota
        return [
            {
                "startTime": int(quota.start) if quota.used else -1,
                "used": quota.used,
                "allowed": quota.allowed,
                "scale": "DAYS",
                "unused": quota.unused,
            }
        ]

    def _status(self, md5: str) -> str:
        analysis = self._analyses.get(md5)
        if analysis is None:
            return "NOTFOUND"
        if not analysis.of.analysed:
            return "NODYNAMIC"
        return "COMPLETED" if analysis.ready_at <= self._now() else "INPROGRESS"

    def _report(self, md5: str, status: str, *, is_full: bool) -> dict[str, Any]:
        analysis = self._analyses.get(md5)
        summary: dict[str, Any] = {"Status": status}
        if analysis is None or status == "INPROGRESS":
            return {"Summary": summary}
        of = analysis.of
        summary |= {"Category": "MOBILE_APPS", "FileType": of.file_type.upper(), "StartTime": int(of.at)}
        summary["Duration"] = round(1000 * (analysis.ready_at - of.at))
        properties = {
            "FileType": of.file_type.upper(),
            "FileSize": of.size_bytes,
            "MD5": md5,
            "SHA1": of.sha1,
            "Sha256": of.sha256,
            "Issuer": "",
            "DigitalCertificate": "",
            "SSDeep": "",
            "RootCA": "",
        }
        if status == "NODYNAMIC":
            return {"Summary": summary, "FileProperties": properties}
        verdict = self._verdicts.get(md5, self._verdict_of_all)
        report: dict[str, Any] = {
            "Summary": summary,
            "Classification": verdict.told(),
            "FileProperties": properties,
        }
        if is_full:
            seen = [
                {"Risk": risk, "Signature": signature, "SignatureSources": []}
                for risk, signature in verdict.risks
            ]
            report |= {"System Summary": seen, "Networking": [], "Stealth": [], "Persistence": []}
        return report
