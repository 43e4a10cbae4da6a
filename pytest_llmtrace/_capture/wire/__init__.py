"""HTTP as it happens: the stub below every HTTP library, and what others put over, under or beside it."""
