"""A chat that streams."""
