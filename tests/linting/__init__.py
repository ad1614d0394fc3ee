"""Static rules."""
