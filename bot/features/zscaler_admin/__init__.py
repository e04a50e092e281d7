"""What administrators see and do of Zscaler."""
