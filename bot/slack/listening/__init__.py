"""What all listeners share: payloads, answers, errors, the slash command."""
