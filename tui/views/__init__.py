"""The nine screens."""
