"""Figures of quality for people: one self-contained page, small charts in the terminal. Nothing is computed here."""
