"""The cases, a module for each kind; each yields the tables that it found."""
