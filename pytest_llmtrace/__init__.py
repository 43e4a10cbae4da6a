"""Record, replay, compare and price every LLM call of a pytest suite."""

__version__ = "0.1.0"

__all__ = ["__version__"]
