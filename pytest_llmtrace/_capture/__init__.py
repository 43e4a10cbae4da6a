"""What an owner does with HTTP and LLMs, as it happens: from requests in flight to a trace."""
