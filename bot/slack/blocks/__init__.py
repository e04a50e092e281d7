"""Building blocks of messages and modals in Block Kit."""
