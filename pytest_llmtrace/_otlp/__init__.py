"""Where spans go: the collector that a setting names, and a process of its own that sends them there."""
