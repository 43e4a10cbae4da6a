"""What a policy may leave out of the comparison: paths, wording, float noise, the order of a set."""
