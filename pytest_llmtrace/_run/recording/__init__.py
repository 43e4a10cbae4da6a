"""What a recording writes and says, or would."""
