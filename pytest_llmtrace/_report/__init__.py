"""What is said about a run, and where: failures, the summary, report files, transcripts."""
