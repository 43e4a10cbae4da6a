"""How an observed trace differs from the golden one, and what a run may cost. Values in, findings out."""
