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
    flaws      all that can be wrong with a build, each with its sentence
"""
