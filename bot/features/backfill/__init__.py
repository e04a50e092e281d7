"""Builds that were shared while the bot was away."""
