"""The tests of pytest-llmtrace, and the local provider they talk to."""
