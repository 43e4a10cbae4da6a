"""The hub: the values that every other part speaks in. Imports nothing but `errors`."""
