"""What users come for."""
