"""What counts as drift, and how much it matters: policies, where they come from, what they tolerate."""
