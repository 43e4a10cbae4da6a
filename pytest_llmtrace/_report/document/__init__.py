"""The report document: what travels from a test to it, and the dict that every form of report is drawn from."""
