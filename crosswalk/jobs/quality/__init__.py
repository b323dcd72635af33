"""Figures of quality, each computed once as a value: the terminal, ``--json`` and the report show the same ones."""
