"""OneTrust: one module a conversation."""
