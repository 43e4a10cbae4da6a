"""Which conversation and which turn is which, and what two conversations differ in."""
