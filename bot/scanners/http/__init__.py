"""HTTP as all scanners' APIs share it."""
