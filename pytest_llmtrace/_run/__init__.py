"""Composes the parts for one pytest run. Nothing below it knows pytest."""
