"""Fuzzing the readers of builds with atheris: ``make fuzz``. One module a reader, each a program of its own.

::

    archive     the zip directory and its entries
    manifest    AndroidManifest.xml, compiled
    resources   resources.arsc
    bundle      AndroidManifest.xml and resources.pb of an App Bundle
    plist       Info.plist, XML and binary
    build       a whole build, its parts changed in a sound archive
    answer      what the parent believes of the reading process
    words       names and versions, cleaned and made harmless for Slack
    engine      starts atheris, with samples of sandbox/builds.py to begin from

Each input may be read or refused (``BuildRejected``, or what the module's docstring promises), within the
time and memory that ``engine`` sets; anything else is a finding, kept in ``.fuzz/``.
"""
