"""Faults: what can break while a suite is recorded, done on purpose. `make faults` does all of it and prints a table.

A smaller round of the same runs with the test suite (`test_faults.py`).
"""
