"""Opinions of a large language model, where an office allows one: asked for, checked, never trusted with more than a listed code."""
