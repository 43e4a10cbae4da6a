"""Nothing goes past the tape unnoticed: connections that no HTTP stub makes are stopped, or told."""
