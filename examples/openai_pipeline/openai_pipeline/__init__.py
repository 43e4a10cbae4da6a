"""A support ticket pipeline on the OpenAI SDK."""
