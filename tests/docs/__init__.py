"""Every fenced block of README and docs/ is run, read, compared or generated; none can be added unchecked."""
