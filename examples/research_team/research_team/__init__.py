"""A research team on the OpenAI SDK."""
