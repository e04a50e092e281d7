"""Which app in OneTrust a bundle identifier is."""
