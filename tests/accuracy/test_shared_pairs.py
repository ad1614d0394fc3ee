"""Real pairs: everything aligned, and parts that add up."""

from pathlib import Path

import numpy as np
import pytest

from intengine.accuracy import compare

pytestmark = pytest.mark.shared

CLASSES, AUDIO = "classification/", "audio/"
PAIRS = [
    (f"{CLASSES}resnet8_cifar10_float", f"{CLASSES}resnet8_cifar10_int8", "cifar10_test250.npz"),
    pytest.param(f"{CLASSES}vww_96_float", f"{CLASSES}vww_96_int8", "vww_test300.npz", marks=pytest.mark.slow),
    pytest.param(
        f"{CLASSES}mobilenet_v1_0.25_224_float", f"{CLASSES}mobilenet_v1_0.25_224_uint8", "", marks=pytest.mark.slow
    ),
    (f"{AUDIO}ad01_float", f"{AUDIO}ad01_int8", ""),
    pytest.param(f"{AUDIO}dtln_1_float", f"{AUDIO}dtln_1_int8", "", marks=pytest.mark.slow),
    ("dequant", f"{AUDIO}kws_dscnn_int8", "kws_mfcc_test500.npz"),
]


@pytest.mark.parametrize(("real", "quantized", "data"), PAIRS)
def test_all_operators_are_aligned_and_their_parts_add_up(real: str, quantized: str, data: str, shared: Path) -> None:
    reference = real if real == "dequant" else str(shared / "models" / f"{real}.tflite")
    source = str(shared / "data" / data) if data else "random:2:0"
    found = compare(reference, str(shared / "models" / f"{quantized}.tflite"), source, samples=3)
    assert found.alignment.coverage == 1.0, found.alignment.unmatched
    split = [layer.attribution for layer in found.layers if layer.attribution is not None]
    assert len(split) >= found.alignment.compute_nodes * 0.8
    assert max(one.residual for one in split) < 1e-9


def test_a_known_accuracy_is_found_again(shared: Path) -> None:
    models = shared / "models" / "classification"
    found = compare(
        str(models / "resnet8_cifar10_float.tflite"), str(models / "resnet8_cifar10_int8.tflite"),
        str(shared / "data" / "cifar10_test250.npz"), attributed=0,
    )  # fmt: skip
    assert found.agreement is not None
    assert found.agreement.float_accuracy == pytest.approx(0.888)
    assert found.agreement.quantized_accuracy == pytest.approx(0.892, abs=0.008)
    assert np.isfinite(found.outputs["Identity_int8"])
