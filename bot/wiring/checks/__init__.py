"""The features' checks for ``python -m bot check``."""
