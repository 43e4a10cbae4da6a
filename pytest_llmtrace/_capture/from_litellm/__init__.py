"""What litellm says of its calls: its events, its objects, and the waits it would have in a replay."""
