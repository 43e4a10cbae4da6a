"""Commands of `llmtrace`, a module each; `cli` puts them together."""
