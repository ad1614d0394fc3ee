"""Whether numbers are what they should be."""

from intengine_kernels.jit import kernel


@kernel
def check_same(a, b, finding):
    """If they differ, finding gets 1 and b[0]. a, b: int64[1]. finding: int64[4]."""
    if a[0] != b[0]:
        finding[0], finding[1] = 1, b[0]
