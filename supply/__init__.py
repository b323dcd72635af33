"""What is installed with crosswalk: checked, hashed, listed."""
