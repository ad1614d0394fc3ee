"""Integer kernels for quantized inference: plain loops over NumPy arrays, compiled by Numba.

A kernel sees C-contiguous arrays and scalars, decides nothing, allocates nothing, raises nothing, and writes into
the arrays given last. `intengine` decides; see kernels/README.md.
"""
