"""Candidates to calibrated probabilities: the one path from a text to its code."""
