"""Two values, two texts, two sequences against each other, whatever they mean."""
