"""What the commands of `llmtrace` print."""
