"""From what was observed to a verdict, and what makes a request the same as a recorded one."""
