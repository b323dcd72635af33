"""What is kept: runs, the rows they came from, codings, proposals."""
