"""What OneTrust found in a build."""
