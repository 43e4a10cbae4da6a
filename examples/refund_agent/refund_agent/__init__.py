"""An agent that decides about refunds."""
