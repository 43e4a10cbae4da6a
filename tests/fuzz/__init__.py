"""The fuzz suite: anything may stand in a file, an answer, a setting or a name, and each reader keeps its promise."""
