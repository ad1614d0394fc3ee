"""Whole models against live LiteRT, every tensor: the quick ones here, all of them by tools/exactness.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from intengine.runners import LiteRTRunner
from intengine.samples import Random
from intengine.verification import verify

pytestmark = [pytest.mark.shared, pytest.mark.oracle]

MODELS = [
    "classification/resnet8_cifar10_float",
    "classification/resnet8_cifar10_int8",
    "classification/vww_96_float",
    "classification/vww_96_int8",
    "classification/mobilenet_v1_0.25_224_uint8",
    "classification/mcunet_320kb_imagenet_int8",
    "audio/kws_dscnn_int8",
    "audio/kws_dscnn_dynamic",
    "audio/ds_cnn_small_int16x8",
    "audio/basic_lstm_small_int8",
    "audio/dtln_1_int8",
    "audio/dtln_1_int16x8",
    "audio/dtln_quant_1_dynamic",
    "audio/ad01_int8",
    "audio/micro_speech_lstm_int8",
    "vision/lstm_mnist_int8",
    "audio/yamnet_mixed",
    "vision/mnist_lenet_int8",
    "vision/meter_digit_int8",
    "pose/face_detection_short_range_fp16",
    "detection/yolox_nano_320dw_int8",
    "detection/yolox_nano_320dw_int16x8",
]
SLOW = [
    "pose/movenet_lightning_int8",
    "classification/mobilenet_v2_1.0_224_ptq_int8",
    "segmentation/deeplabv3_dm05_pascal_uint8",
    "detection/yolox_nano_320dw_fp16",
]


@pytest.fixture(scope="module")
def litert() -> Iterator[LiteRTRunner]:
    pytest.importorskip("ai_edge_litert")
    with LiteRTRunner("reference") as runner:
        yield runner


@pytest.mark.parametrize("name", [*MODELS, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_every_tensor_is_equal_bit_for_bit(name: str, shared: Path, litert: LiteRTRunner) -> None:
    result = verify(str(shared / "models" / f"{name}.tflite"), Random(2, 7), runner=litert)
    assert result.tensors
    assert result.identical, str(result.first_difference)
