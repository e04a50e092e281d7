"""Reading what is in an IPA, APK or App Bundle, in a process of its own and within limits.

::

    reader     starts a child for each build and believes nothing it says unchecked
    child      the child: limits itself, then reads the build on its standard input
    contents   what kind of archive it is
    archive    the zip, entry by entry, within bounds
    ipa        Info.plist
    apk        joins manifest (binary XML) and resources (resources.arsc), both made of chunks
    aab        joins proto_manifest (XML) and proto_resources (resources.pb), both made of protobuf
    android    what a manifest and resources tell, in either form
    text       what may be believed of the words in a build
    limits     what a child may take
    process    runs a child on a file

    hosts          starts hosts_child for each build, for the hosts that are named in it
    hosts_child    reads host_entries one after the other
    host_search    finds hosts in a stream of bytes: host_names behind a scheme, host_bare without one
    hermes         tells the strings of React Native's bytecode apart
    host_noise     what names a host and is no place to talk to

    flaws      all that can be wrong with a build, each with its sentence
"""
