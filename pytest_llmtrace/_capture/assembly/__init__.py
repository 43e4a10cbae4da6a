"""From what was captured to a trace: which exchanges are one call, what follows from what, and each call once."""
