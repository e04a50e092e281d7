"""Which route a build takes, and what is said where none takes it."""

import pytest

from bot.core.scan import FileType, Kind
from bot.errors import NoRoute
from bot.features.submission.routes import Closed, Routes, megabytes
from tests.fakes import FakeRoute

MB = 1_000_000


def route(name: str, limit_mb: int, *file_types: FileType, **lacks: str) -> FakeRoute:
    made = FakeRoute()
    made.name, made.title, made.limit_bytes = name, name.upper(), limit_mb * MB
    made.file_types = frozenset(file_types or (FileType.IPA, FileType.APK))
    made.lacks = {Kind(kind): setting for kind, setting in lacks.items()}
    return made


SMALL, LARGE = route("small", 64), route("large", 1000, rescan="`LARGE_RESCAN_URL`")
BUNDLES = route("bundles", 500, *FileType)


def choose(
    routes: Routes, size_mb: int, file_type: FileType = FileType.APK, kind: Kind = Kind.NEW
) -> tuple[str, str]:
    return routes.choose(size_bytes=size_mb * MB, file_type=file_type, kind=kind)


@pytest.mark.parametrize(
    ("size_mb", "file_type", "kind", "name", "why"),
    [
        (63, FileType.IPA, Kind.NEW, "small", ""),
        (64, FileType.IPA, Kind.NEW, "large", "SMALL takes builds under 64 MB"),
        (
            100,
            FileType.APK,
            Kind.RESCAN,
            "bundles",
            "SMALL takes builds under 64 MB and LARGE takes no rescans until `LARGE_RESCAN_URL` is set",
        ),
        (1, FileType.AAB, Kind.NEW, "bundles", "SMALL takes no .aab and LARGE takes no .aab"),
    ],
)
def test_the_first_that_fits(size_mb, file_type, kind, name, why):
    assert choose(Routes([SMALL, LARGE, BUNDLES]), size_mb, file_type, kind) == (name, why)


def test_the_order_is_the_order_of_preference():
    assert choose(Routes([BUNDLES, SMALL]), 1) == ("bundles", "")
    assert Routes([BUNDLES, SMALL]).limit_bytes == 500 * MB


def test_where_none_fits_each_limit_is_told_and_what_would_open_another():
    routes = Routes(
        [SMALL],
        [
            Closed(
                title="FTP", limit_bytes=1000 * MB, file_types=SMALL.file_types, opened_by="set `FTP_URL`"
            ),
            Closed(title="tape", limit_bytes=70 * MB, file_types=SMALL.file_types, opened_by="buy tape"),
        ],
    )
    with pytest.raises(NoRoute) as caught:
        choose(routes, 100)

    assert caught.value.user_message == (
        "No open route into OneTrust takes this build (100 MB): SMALL takes builds under 64 MB. FTP "
        "takes builds under 1 GB: to open it, an admin of this bot has to set `FTP_URL`. Tape, which is not "
        "open either, takes builds under 70 MB."
    )
    with pytest.raises(NoRoute, match=r"SMALL takes no \.aab\.$"):
        choose(routes, 1, FileType.AAB)
    assert "takes this build: SMALL" in routes.none_fits(None).user_message


@pytest.mark.parametrize(
    ("size", "told"),
    [(99, "99 bytes"), (64_000_000, "64 MB"), (524_288_001, "524.3 MB"), (1_500_000_000, "1.5 GB")],
)
def test_sizes_read_as_limits_do(size, told):
    assert megabytes(size) == told
