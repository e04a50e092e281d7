"""The ways that a build takes to OneTrust."""
