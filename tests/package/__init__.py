"""Builds the package, looks into it, and runs the tests against what was built: ``make package``, ``make compat``."""
