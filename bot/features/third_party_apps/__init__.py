"""Third-party apps and their risks, from Zscaler's app governance."""
