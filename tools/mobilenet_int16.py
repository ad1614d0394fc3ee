"""Make the int16x8 MobileNetV2 of docs/speed.md: python tools/mobilenet_int16.py mnv2_100_224_int16x8.tflite.

Keras' network with weights as it first has them, normalized on random images, and converted by TensorFlow, which this
needs and nothing else does: how long it takes depends on no weight.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SHAPE = (224, 224, 3)
CALIBRATION_IMAGES = 8


def images() -> Iterator[list[np.ndarray]]:
    rng = np.random.default_rng(0)
    for _ in range(CALIBRATION_IMAGES):
        yield [rng.standard_normal((1, *SHAPE)).astype(np.float32)]


def convert() -> bytes:
    import tensorflow as tf

    tf.keras.utils.set_random_seed(0)
    network = tf.keras.applications.MobileNetV2(input_shape=SHAPE, weights=None)
    for layer in network.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            layer.momentum = 0.0
    # Its statistics are then those of this batch; without, activations die out.
    network(np.concatenate([image for (image,) in images()]), training=True)
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = images
    converter.target_spec.supported_ops = [tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int16
    return bytes(converter.convert())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="to write; must not exist")
    path = parser.parse_args().file
    if path.exists():
        raise SystemExit(f"A file that exists is not overwritten; {path} does.")
    path.write_bytes(convert())
    print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
