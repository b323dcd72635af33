"""The review screen, in Textual: widgets show and post messages, the screen decides through ``jobs.review``."""
