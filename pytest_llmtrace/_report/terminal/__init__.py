"""What pytest's terminal shows of a run."""
