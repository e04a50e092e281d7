"""Words that are host names without a scheme before them, quite surely.

Code is full of words with dots: packages (``com.example.shop``), properties (``user.id``), files
(``libz.so``). What is taken for a host here has to end as hosts often do and as those seldom do, and may not
begin as packages do. Rather one is missed than a word that is none is told.
"""

from bot.builds.hosts.names import is_host

_SURE = frozenset({"com", "net", "org"})
_COUNTRIES = frozenset(
    {
        "at",
        "au",
        "be",
        "br",
        "ca",
        "ch",
        "cn",
        "cz",
        "de",
        "dk",
        "es",
        "eu",
        "fi",
        "fr",
        "hk",
        "hu",
        "ie",
        "il",
    }
    | {"jp", "kr", "mx", "nl", "nz", "pl", "pt", "ro", "ru", "se", "sg", "tr", "tw", "ua", "uk", "za"}
)
"""Those that are no usual ending of a file, nor a unit or a word of English."""
_OTHERS = frozenset({"ai", "app", "biz", "cloud", "co", "dev", "edu", "gov", "io", "me", "tv"})
_PACKAGES = frozenset(
    {"android", "androidx", "dalvik", "jakarta", "java", "javax", "jdk", "junit", "kotlin", "kotlinx", "sun"}
    | {"com", "edu", "gov", "info", "io", "net", "org"}
)
"""What names of packages and of Java's properties begin with."""


def is_bare_host(word: str) -> bool:
    """Tell whether a whole string is a host name, as nothing says that it is a URL."""
    labels = word.partition(":")[0].split(".")
    first, last = labels[0], labels[-1]
    if first in _PACKAGES or not is_host(word) or len(labels[-2]) < 2:
        return False
    if last in _SURE:
        return len(labels) > 2 or last == "com"
    return len(labels) > 2 and last in _COUNTRIES | _OTHERS and first not in _COUNTRIES | _OTHERS
