"""OneTrust's own list of applications."""
