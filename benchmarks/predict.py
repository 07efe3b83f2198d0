"""1,000,000 rows of 20 columns, Parquet to Parquet, through a linear model."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from .harness import Benchmark, Figure, Numbers, run
from .memory import growth
from .serve import COLUMNS, regression

ROWS = 1_000_000
FEWER = ROWS // 4
CHUNK = 65_536


def write_rows(path: str, rows: int) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    values = np.random.default_rng(0)
    table = pa.table({name: values.random(rows) for name in COLUMNS})
    pq.write_table(table, path, row_group_size=1 << 17)


def measured(predict: Callable[[str, str], object]) -> Numbers:
    """Seconds for all rows; and how much more memory they take than a quarter of them. Both are imported."""
    write_rows("few.parquet", FEWER)
    write_rows("all.parquet", ROWS)
    predict("few.parquet", "first.parquet")
    with growth() as few:
        predict("few.parquet", "few out.parquet")
    begin = perf_counter()
    with growth() as all_rows:
        predict("all.parquet", "all out.parquet")
    return {
        "all rows": perf_counter() - begin,
        "growth": all_rows.megabytes,
        "growth over a quarter": all_rows.megabytes - few.megabytes,
    }


def by_hand() -> Numbers:
    model, _ = regression()
    return measured(lambda source, target: loop(model, source, target))


def loop(model: Any, source: str, target: str) -> None:
    """What a careful user writes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema({"prediction": pa.float64()})
    with pq.ParquetFile(source) as rows, pq.ParquetWriter(target, schema) as answers:
        for batch in rows.iter_batches(batch_size=CHUNK):
            answers.write_table(pa.table({"prediction": model.predict(batch.to_pandas())}))


def ours() -> Numbers:
    import autolog
    from autolog.flavors.bulk import predict_file

    model, table = regression()
    autolog.save_model(model, "model", input_example=table)
    return measured(lambda source, target: predict_file("model", source, target))


BENCHMARK = Benchmark(
    title="1,000,000 rows × 20 columns, Parquet to Parquet, through a linear model",
    cases={"by hand": by_hand, "ours": ours},
    figures=[
        Figure("all rows", "s", "≤ 1.3 × by hand", lambda it: it.ratio("ours", "by hand") <= 1.3),
        Figure("growth", "MB"),
        Figure("growth over a quarter", "MB more", "≤ 20", lambda it: (it.of("ours") or 0) <= 20),
    ],
)

if __name__ == "__main__":
    run(BENCHMARK)
