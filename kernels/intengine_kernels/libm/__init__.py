"""Functions of the C library spelled out in IEEE arithmetic: the same bits on every host.

LiteRT calls the C library, and libraries differ. These are the formulas of glibc 2.36 on CPUs with a fused
multiply-add, step by step. Each function is a `formula`: kernels compile it, and Python may call it with arrays.
"""
