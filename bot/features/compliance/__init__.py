"""The rules that results are judged by, their violations, and people's reviews of those."""
