"""Cassettes on disk: where they lie, the golden trace, the tape, the journal. Imports only the hub and `errors`."""
