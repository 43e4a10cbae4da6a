"""Personal data: what it looks like, what stands for it in files, and how a replay gets it back."""
