"""Reading IPAs, APKs and App Bundles, in child processes with limits on time and memory.

::

    reader           reads a build in a child process and validates its answer
    hosts.finder     the same for the hosts that a build names
    child_process    runs a child on a file
    child            the child's side: its limits, and its one line of JSON
    read_child       the child that reads a build
    hosts_child      the child that searches a build for hosts

    detect           which kind of build an archive is
    zip_archive      reads a zip archive entry by entry
    ios              Info.plist
    android          manifest and resources, in the binary form of APKs and the protobuf form of App Bundles
    text             cleans strings from a build
    problems         the reasons to reject a build, each with its message
"""
