"""The small digits network behind the embedded models: its layers, its training, its six conversions.

Everything here needs TensorFlow, tf-keras and tensorflow-model-optimization (quantization-aware training).
``build_models.py`` is the command; this module only trains and converts, and never sees the test split.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

# Read by TensorFlow when it is imported: tfmot needs the legacy Keras, and without oneDNN the order of the
# float additions depends less on the CPU that trains.
os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SEED = 20
BATCH_SIZE = 32
FLOAT_EPOCHS = 60
FLOAT_LEARNING_RATE = 2e-3
QAT_EPOCHS = 15
QAT_LEARNING_RATE = 2e-4
LARGEST_SHIFT = 1


def versions() -> dict[str, str]:
    """The versions of the libraries that train and convert."""
    import tensorflow
    import tensorflow_model_optimization
    import tf_keras

    return {
        "tensorflow": tensorflow.__version__,
        "tf_keras": tf_keras.__version__,
        "tensorflow_model_optimization": tensorflow_model_optimization.__version__,
    }


def recipe() -> dict[str, Any]:
    """What, besides the data, decides the weights."""
    return {
        "seed": SEED,
        "optimizer": "Adam, cosine decay of the learning rate to 0",
        "batch_size": BATCH_SIZE,
        "augmentation": f"random shifts of up to {LARGEST_SHIFT} pixel",
        "float": {"epochs": FLOAT_EPOCHS, "learning_rate": FLOAT_LEARNING_RATE},
        "quantization_aware": {"epochs": QAT_EPOCHS, "learning_rate": QAT_LEARNING_RATE},
    }


def build_all(images: np.ndarray, labels: np.ndarray) -> tuple[dict[str, bytes], int]:
    """Trains the network, fine-tunes it with quantization in the loop, and converts both.

    Args:
        images: float32[n, 8, 8, 1] in 0..1, the training split.
        labels: int64[n].

    Returns:
        The bytes of each .tflite by model name, and the number of parameters of the float network.
    """
    import tensorflow as tf
    import tensorflow_model_optimization as tfmot

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    tf.keras.utils.set_random_seed(SEED)

    network = build_network()
    train(network, images, labels, epochs=FLOAT_EPOCHS, learning_rate=FLOAT_LEARNING_RATE)
    models = {
        "digits_float32": convert_float32(network),
        "digits_float16": convert_float16(network),
        "digits_dynamic": convert_dynamic(network),
        "digits_int8": convert_int8(network, images),
        "digits_int16x8": convert_int16x8(network, images),
    }

    quantization_aware = tfmot.quantization.keras.quantize_model(network)
    start_from_calibrated_ranges(quantization_aware, network, images)
    train(quantization_aware, images, labels, epochs=QAT_EPOCHS, learning_rate=QAT_LEARNING_RATE)
    models["digits_qat_int8"] = convert_quantization_aware(quantization_aware)
    return models, network.count_params()


def build_network() -> Any:
    """The float network: a strided stem, an inverted residual, two pools side by side, a small head.

    The expansion to 128 channels is deliberate: the converter's dynamic-range scheme leaves weights of
    fewer than 1024 elements in float, and 3 * 3 * 128 makes the depthwise convolution a hybrid one.
    """
    import tf_keras

    layers = tf_keras.layers

    def normalized(x: Any, name: str, convolution: Any, activation: Any = None) -> Any:
        x = layers.BatchNormalization(name=f"{name}_norm", momentum=0.9)(convolution(x))
        return x if activation is None else activation(x)

    def pointwise(filters: int, name: str) -> Any:
        return layers.Conv2D(filters, 1, use_bias=False, name=name)

    def relu6(name: str) -> Any:
        return layers.ReLU(6.0, name=f"{name}_relu6")

    image = layers.Input((8, 8, 1), name="image")
    stem = layers.Conv2D(16, 3, padding="same", use_bias=False, name="stem")
    x = normalized(image, "stem", stem, layers.ReLU(name="stem_relu"))
    down = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False, name="down")
    x = shortcut = normalized(x, "down", down, relu6("down"))

    x = normalized(x, "expand", pointwise(128, "expand"), relu6("expand"))
    depthwise = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")
    x = normalized(x, "depthwise", depthwise, relu6("depthwise"))
    x = normalized(x, "project", pointwise(32, "project"))
    x = layers.Add(name="residual")([shortcut, x])

    average = layers.AveragePooling2D(2, name="average_pool")(x)
    largest = layers.MaxPooling2D(2, name="max_pool")(x)
    x = layers.Concatenate(name="pools")([average, largest])
    x = layers.GlobalAveragePooling2D(keepdims=True, name="mean")(x)
    x = layers.Flatten(name="flatten")(x)
    # Not a separate ReLU layer: before one, tfmot leaves the weights of a Dense without fake quantization.
    x = layers.Dense(32, activation="relu", name="hidden")(x)
    x = layers.Dense(10, name="logits")(x)
    return tf_keras.Model(image, layers.Softmax(name="probabilities")(x), name="digits")


def start_from_calibrated_ranges(quantization_aware: Any, network: Any, images: np.ndarray) -> None:
    """Sets each learned activation range to what the float network shows on ``images``.

    tfmot starts from -6..6 and moves by a thousandth per step: a short fine-tuning would end with ranges
    that are half its arbitrary start.
    """
    import tf_keras

    for wrapper in quantization_aware.layers:
        ranges = {w.name.split("/")[-1]: w for w in wrapper.weights}
        for kind in ("output", "post_activation"):
            if f"{kind}_min:0" not in ranges:
                continue
            source = network.get_layer(wrapper.name.removeprefix("quant_"))
            values = tf_keras.Model(network.input, source.output).predict(images, verbose=0)
            ranges[f"{kind}_min:0"].assign(min(float(values.min()), 0.0))
            ranges[f"{kind}_max:0"].assign(max(float(values.max()), 0.0))


def train(network: Any, images: np.ndarray, labels: np.ndarray, *, epochs: int, learning_rate: float) -> None:
    """Fits with Adam, a cosine learning rate and images shifted at random by up to one pixel.

    The number of epochs is fixed beforehand: nothing is selected on held-out samples.
    """
    import tf_keras

    schedule = tf_keras.optimizers.schedules.CosineDecay(
        learning_rate, decay_steps=epochs * -(-len(images) // BATCH_SIZE)
    )
    network.compile(
        optimizer=tf_keras.optimizers.Adam(schedule),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    rng = np.random.default_rng(SEED)
    for epoch in range(epochs):
        history = network.fit(
            shifted(images, rng), labels, batch_size=BATCH_SIZE, epochs=1, shuffle=True, verbose=0
        ).history
        if (epoch + 1) % 5 == 0:
            loss, accuracy = history["loss"][0], history["accuracy"][0]
            print(f"  epoch {epoch + 1:3d}: loss {loss:.4f}, training accuracy {accuracy:.4f}", flush=True)


def shifted(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image moved by its own random offset of up to ``LARGEST_SHIFT`` pixels, zeros moving in."""
    n, height, width, _ = images.shape
    reach = LARGEST_SHIFT
    padded = np.pad(images, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    dy, dx = rng.integers(0, 2 * reach + 1, (2, n))
    rows = dy[:, None] + np.arange(height)
    columns = dx[:, None] + np.arange(width)
    return padded[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]


def _converter(network: Any) -> Any:
    import tensorflow as tf

    return tf.lite.TFLiteConverter.from_keras_model(network)


def _representative(images: np.ndarray) -> Any:
    def dataset() -> Iterator[list[np.ndarray]]:
        for image in images:
            yield [image[None]]

    return dataset


def convert_float32(network: Any) -> bytes:
    """float32 weights and activations."""
    return bytes(_converter(network).convert())


def convert_float16(network: Any) -> bytes:
    """float16 weights, widened by DEQUANTIZE; float32 activations."""
    import tensorflow as tf

    converter = _converter(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


def convert_dynamic(network: Any) -> bytes:
    """Dynamic range: int8 weights, float32 activations that hybrid kernels quantize as they run."""
    import tensorflow as tf

    converter = _converter(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return bytes(converter.convert())


def convert_int8(network: Any, images: np.ndarray) -> bytes:
    """Post-training int8, calibrated on ``images``, int8 input and output."""
    import tensorflow as tf

    converter = _converter(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = _representative(images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def convert_int16x8(network: Any, images: np.ndarray) -> bytes:
    """Post-training int16 activations with int8 weights, calibrated on ``images``, int16 input and output."""
    import tensorflow as tf

    converter = _converter(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = _representative(images)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int16
    return bytes(converter.convert())


def convert_quantization_aware(network: Any) -> bytes:
    """int8 by the ranges the fake-quantization nodes learned in training, int8 input and output."""
    import tensorflow as tf

    converter = _converter(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())
