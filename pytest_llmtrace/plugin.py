"""The pytest plugin: hooks and fixtures. It decides nothing."""
