"""Make the Keras 2 fixture of Li's U-Net: weights as `save_weights` writes them, and outputs.

Not run by the tests: it needs tensorflow-cpu==2.15.1 in an environment of its own. It builds the
layer table of Li et al. with few features in Keras itself, so that the frozen outputs say what
TensorFlow makes of an even kernel, of centre crops and of the padding.

    python make_li_fixture.py FOLDER
"""

import sys
from pathlib import Path

import h5py
import numpy as np
import tensorflow as tf
from keras import layers, models

WIDTHS = (2, 3, 4, 5, 6)


def crop(size: int, to: int) -> tuple[int, int]:
    return (size - to) // 2, (size - to) - (size - to) // 2


def build(size: int, channels: int) -> models.Model:
    x = inputs = layers.Input((size, size, channels))
    skips = []
    for level, (width, kernels) in enumerate(
        zip(WIDTHS[:4], [(5, 5), (3, 3), (3, 3), (3, 4)], strict=True)
    ):
        for kernel in kernels:
            x = layers.Conv2D(width, kernel, activation="relu", padding="same")(x)
        skips.append(x)
        x = layers.MaxPooling2D(2)(x)
        assert level < 4
    for _ in range(2):
        x = layers.Conv2D(WIDTHS[4], 3, activation="relu", padding="same")(x)
    for width, skip in zip(WIDTHS[3::-1], skips[::-1], strict=True):
        up = layers.UpSampling2D(2)(x)
        margins = crop(skip.shape[1], up.shape[1])
        x = layers.concatenate([up, layers.Cropping2D((margins, margins))(skip)], axis=-1)
        for _ in range(2):
            x = layers.Conv2D(width, 3, activation="relu", padding="same")(x)
    margins = crop(size, x.shape[1])
    x = layers.ZeroPadding2D((margins, margins))(x)
    return models.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


def main() -> None:
    folder = Path(sys.argv[1])
    rng = np.random.default_rng(1)
    outputs = {}
    for channels in (1, 2):
        tf.keras.backend.clear_session()
        model = build(40, channels)
        model.set_weights(
            [
                (rng.normal(0, 0.7 / np.sqrt(max(1, np.prod(one.shape[:-1]))), one.shape) * 1.5)
                for one in model.get_weights()
            ]
        )
        file = folder / f"li_{channels}.h5"
        model.save_weights(str(file))
        image = rng.normal(0, 1, (1, 40, 40, channels)).astype(np.float32)
        outputs[f"image_{channels}"] = image
        outputs[f"output_{channels}"] = model.predict(image, verbose=0)
        with h5py.File(file) as written:
            print(file.name, written.attrs["keras_version"], len(written.attrs["layer_names"]))
    np.savez_compressed(folder / "li_outputs.npz", **outputs)


if __name__ == "__main__":
    main()
