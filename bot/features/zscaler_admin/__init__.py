"""What administrators see and do in Zscaler."""
