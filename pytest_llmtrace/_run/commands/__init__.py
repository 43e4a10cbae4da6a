"""What the commands of `llmtrace` do, once they know what they were asked."""
