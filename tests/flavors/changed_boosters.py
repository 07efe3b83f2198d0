"""Loads models of which some bytes were changed or cut off, which must not end the process."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

X = np.random.RandomState(0).random_sample((80, 4))
X[:, 1] = np.arange(80) % 9
Y = (X[:, 0] > 0.5).astype(int)


def xgboost_model() -> tuple[bytes, Callable[[bytes], Any], bytes]:
    import xgboost

    from autolog.flavors.boosters.xgboostfile import check

    params = {"objective": "binary:logistic", "max_depth": 3, "max_cat_to_onehot": 1, "nthread": 1}
    matrix = xgboost.DMatrix(X, Y, feature_types=["q", "c", "q", "q"], enable_categorical=True)

    def load(content: bytes) -> Any:
        check(content)
        return xgboost.Booster(model_file=bytearray(content)).predict(matrix)

    return bytes(xgboost.train(params, matrix, 5).save_raw("ubj")), load, bytes(range(256))


def lightgbm_model() -> tuple[bytes, Callable[[bytes], Any], bytes]:
    import lightgbm

    from autolog.flavors.boosters.lightgbmfile import check

    params = {"objective": "binary", "num_leaves": 5, "min_data_in_leaf": 2, "num_threads": 1, "verbose": -1}
    booster = lightgbm.train(params, lightgbm.Dataset(X, Y, categorical_feature=[1]), 5)

    def load(content: bytes) -> Any:
        check(content.decode())
        return lightgbm.Booster(model_str=content.decode()).predict(X)

    return booster.model_to_string().encode(), load, b"0123456789-e= \n."


def changed(content: bytes, draw: random.Random, letters: bytes) -> bytes:
    if draw.random() < 0.3:
        return content[: draw.randrange(len(content))]
    other = bytearray(content)
    for _ in range(draw.choice([1, 1, 2, 5])):
        other[draw.randrange(len(other))] = draw.choice(letters)
    return bytes(other)


if __name__ == "__main__":
    content, load, letters = xgboost_model() if sys.argv[1] == "xgboost" else lightgbm_model()
    load(content)
    refused, draw = 0, random.Random(0)
    for _ in range(int(sys.argv[2])):
        try:
            load(changed(content, draw, letters))
        except Exception:  # noqa: BLE001 - of any kind, but an exception
            refused += 1
    sys.stdout.write(f"{refused} refused")
