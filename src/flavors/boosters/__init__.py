"""XGBoost and LightGBM: boosters and estimators, and checks of their files before the libraries read them.

xgboost, lightgbm      the flavors
xgboostfile, ubjson    XGBoost's file, in the form of https://ubjson.org
lightgbmfile           LightGBM's text file
"""

from __future__ import annotations

from collections.abc import Container


def estimator_class(model: object, library: str, known: Container[str]) -> str | None:
    """The name of the class to load an estimator as; a Dask one is loaded as its plain counterpart.

    None for a class that users derive, which may predict in its own way, and for what is no estimator.
    """
    cls = type(model)
    name = cls.__name__.removeprefix("Dask")
    own = cls.__module__ in (f"{library}.sklearn", f"{library}.dask")
    return name if own and name in known else None
