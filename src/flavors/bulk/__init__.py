"""A model over a large table, chunk by chunk.

sources     the rows, from CSV, Parquet or JSON lines
answers     predictions as columns
sinks       where they go, and how far they got
scoring     from one to the other, here or on a Dask cluster (dask)
"""

from __future__ import annotations

from .scoring import Options, predict_file

__all__ = ["Options", "predict_file"]
