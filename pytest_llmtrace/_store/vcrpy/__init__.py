"""Cassettes of vcrpy, pytest-recording and their relatives: read, never written."""
