"""Where a quantized model loses accuracy, and what to do about it."""
