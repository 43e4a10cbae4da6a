"""The recorded request that comes nearest to one that is not recorded."""
