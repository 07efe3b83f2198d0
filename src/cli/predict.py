"""`autolog predict`: a model over a file of rows."""

from __future__ import annotations

from importlib.util import find_spec

import click

from .bars import progress
from .formats import counted
from .options import store_option
from .serve import model_argument, problem, trust_option

_FORMATS = click.Choice(["csv", "parquet", "jsonl"])


@click.command("predict")
@model_argument
@click.option("-i", "--input", required=True, metavar="PATH", help="The rows; `-` reads the standard input.")
@click.option("-o", "--output", required=True, metavar="PATH", help="The predictions; `-` writes them out.")
@click.option("--input-format", type=_FORMATS, help="Where the name of the input does not say it.")
@click.option("--output-format", type=_FORMATS, help="Where the name of the output does not say it.")
@click.option("--keep", multiple=True, metavar="COLUMN", help="Copy this column of the input, or `all`.")
@click.option("--overwrite", is_flag=True, help="Replace the output if it exists.")
@click.option("--dask", metavar="ADDRESS", help="Have the workers of this Dask scheduler do it.")
@trust_option
@store_option
def predict(
    model: str,
    input: str,
    output: str,
    input_format: str | None,
    output_format: str | None,
    keep: tuple[str, ...],
    overwrite: bool,
    dask: str | None,
    trust: tuple[str, ...],
    store: str | None,
) -> None:
    """Predict every row of a file with a model.

    The file is CSV, Parquet or JSON lines; MODEL is a folder, runs:/ID/model,
    models:/NAME/VERSION or models:/NAME@ALIAS. The rows are read, predicted and written in
    chunks, in their order. Interrupted, the same command goes on where it was.
    """
    _require_arrow()
    from ..flavors import ModelError
    from ..flavors.bulk import Options, predict_file
    from ..flavors.bulk.sources import Unreadable
    from ..flavors.schema import SchemaError
    from ..tracking.active import activate
    from ..tracking.settings import resolve

    activate(resolve(store=store))
    kept = None if "all" in keep else keep
    options = Options(input_format, output_format, kept, overwrite, trust, dask)
    with progress("rows") as bar:

        def begun(done: int, rows: int | None) -> None:
            if done:
                click.echo(f"going on after row {done}", err=True)
            bar.begin(done, rows)

        try:
            rows = predict_file(model, input, output, options, begun=begun, step=bar.step)
        except (ModelError, SchemaError, Unreadable) as error:
            raise click.ClickException(problem(error)) from None
        except (FileExistsError, ValueError) as error:
            raise click.UsageError(str(error)) from None
    click.echo(f"{counted(rows, 'row')} predicted, written to {output}", err=True)


def _require_arrow() -> None:
    for module in ("pyarrow", "pandas"):
        if find_spec(module) is None:
            raise click.ClickException(f"predict needs {module}: pip install 'autolog-ml[predict]'")
