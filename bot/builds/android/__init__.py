"""APKs and app bundles."""
