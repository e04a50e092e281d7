"""All pages of help."""

from bot.features.history import listeners
from bot.features.hosts.listeners import URLS
from bot.features.onetrust_apps.listeners import RESCAN
from bot.features.shell.feature import CI
from bot.features.submission.share_listeners import SHARE
from bot.features.third_party_apps.listeners import GOVERNANCE
from bot.features.verdicts.listeners import VERDICT
from bot.features.zscaler_admin.listeners import ZSCALER

TOPICS = {
    "share": SHARE,
    "rescan": RESCAN,
    "history": listeners.HISTORY,
    "status": listeners.STATUS,
    "diff": listeners.DIFF,
    "sdk": listeners.SDK,
    "apps": listeners.APPS,
    "link": listeners.LINK,
    "unlink": listeners.UNLINK,
    "ci": CI,
    "verdict": VERDICT,
    "governance": GOVERNANCE,
    "zscaler": ZSCALER,
    "urls": URLS,
}
