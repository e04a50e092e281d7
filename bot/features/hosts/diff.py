"""What changed in where an app talks to, from one of its scans to the next."""

from bot.features.hosts.models import HostChanges, ScanHosts


def host_changes(before: ScanHosts, after: ScanHosts) -> HostChanges:
    """Compare the hosts of two scans of the same app; each part in the order of the hosts.

    Of a build whose hosts are not all kept it is not known what it does not name: then nothing is told as
    new since that one, or as gone with it. The order of categories tells nothing.
    """
    was, now = ({host.url: host for host in hosts.hosts} for hosts in (before, after))
    return HostChanges(
        added=tuple(now[host] for host in sorted(now.keys() - was.keys())) if before.is_whole else (),
        removed=tuple(was[host] for host in sorted(was.keys() - now.keys())) if after.is_whole else (),
        recategorised=tuple(
            (was[host], now[host])
            for host in sorted(was.keys() & now.keys())
            if set(was[host].categories) != set(now[host].categories)
            or set(was[host].alerts) != set(now[host].alerts)
        ),
    )
