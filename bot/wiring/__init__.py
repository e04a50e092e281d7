"""Joins the parts of the bot."""
