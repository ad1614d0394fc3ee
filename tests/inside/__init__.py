"""The inside view and what explains with it."""
