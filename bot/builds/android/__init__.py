"""Reading APKs and App Bundles."""
