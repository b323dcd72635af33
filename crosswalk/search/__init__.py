"""Titles in, candidates out."""
