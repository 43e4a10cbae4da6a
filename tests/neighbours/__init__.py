"""Other plugins beside ours, those included that must not be installed beside this suite."""
