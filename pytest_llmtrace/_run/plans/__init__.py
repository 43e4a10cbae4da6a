"""What is to be done with each owner, from markers, settings and files."""
