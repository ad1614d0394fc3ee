from dataclasses import replace

import numpy as np
import pytest

from intengine.accuracy import Comparison, compare
from intengine.accuracy.records import ErrorStats
from tests.accuracy import digits


@pytest.fixture(scope="session")
def found() -> Comparison:
    """digits_int8 against digits_float32."""
    paths = (digits.path(name) for name in ("digits_float32.tflite", "digits_int8.tflite", "test_split.npz"))
    return compare(*paths, samples=6)


@pytest.fixture(scope="session")
def odd(found: Comparison) -> Comparison:
    """With figures that are not there or not finite, and names that are HTML."""
    first, second, *others = found.layers
    exact: ErrorStats = replace(second.propagated, sqnr_db=np.inf, rmse=0.0, rmse_lsb=0.0)
    layers = (
        replace(first, local=None, attribution=None, causes=(), histogram=None, note="No local error: it is a test."),
        replace(second, name="</script><img src=x onerror=alert(1)>", propagated=exact, local=exact),
        *others,
    )
    return replace(found, layers=layers, outputs={"<b>y</b>": np.inf})
