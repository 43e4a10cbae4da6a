"""One topic of a report each, as data and in the words that the terminal and the files share."""
