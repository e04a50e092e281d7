"""From a shared build to OneTrust's request ID."""
