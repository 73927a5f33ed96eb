"""The story: what a run does, in order."""
