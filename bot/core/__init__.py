"""What every feature builds on and that knows no feature."""
