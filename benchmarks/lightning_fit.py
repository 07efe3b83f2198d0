"""A Lightning fit of two epochs of 2,000 short steps, with every step's loss recorded."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from .harness import Benchmark, Figure, Numbers, run

EPOCHS = 2
STEPS = 2_000  # an epoch
POINTS = EPOCHS * STEPS
PEER_STEPS = 200  # at some milliseconds each


def fit(logger: Any, steps: int = STEPS) -> Numbers:
    """Milliseconds of the fit, and microseconds of each of its steps."""
    import torch
    from lightning.pytorch import LightningModule, Trainer
    from torch.utils.data import DataLoader, TensorDataset

    class Digits(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.Sequential(
                torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)
            )

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            loss = torch.nn.functional.cross_entropy(self.layers(batch[0]), batch[1])
            self.log("train_loss", loss)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters())

    torch.manual_seed(0)
    torch.set_num_threads(1)
    data = TensorDataset(torch.randn(steps * 8, 64), torch.randint(10, (steps * 8,)))
    trainer = Trainer(
        accelerator="cpu", max_epochs=EPOCHS, logger=logger, log_every_n_steps=1,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    begin = perf_counter()
    trainer.fit(Digits(), DataLoader(data, batch_size=8))
    took = perf_counter() - begin
    return {"the fit": took, "a step": took / steps / EPOCHS * 1e6}


def bare() -> Numbers:
    return fit(logger=False)


def ours() -> Numbers:
    import autolog

    autolog.enable()
    numbers = fit(logger=False)
    (found,) = autolog.search_runs()
    return numbers | {"points": len(found.history("train_loss").value)}


def csv_logger() -> Numbers:
    from lightning.pytorch.loggers import CSVLogger

    return fit(logger=CSVLogger("csv"))


def mlflow_logger() -> Numbers:
    from lightning.pytorch.loggers import MLFlowLogger

    return fit(logger=MLFlowLogger(tracking_uri="sqlite:///mlflow.db"), steps=PEER_STEPS)


BENCHMARK = Benchmark(
    title=f"Lightning, {EPOCHS} × {STEPS:,} steps, every step recorded, model included",
    cases={
        "bare": bare,
        "ours": ours,
        "CSVLogger": csv_logger,
        "mlflow (MLFlowLogger, SQLite)": mlflow_logger,
    },
    figures=[
        Figure(
            "a step",
            "µs, all of the fit shared out",
            "≤ 1.03 × bare, below CSVLogger",
            lambda it: it.ratio("ours", "bare") <= 1.03 and it.over("ours", "CSVLogger") < 0,
        ),
        Figure("points", "losses recorded", f"{POINTS:,}", lambda it: it.of("ours") == POINTS),
    ],
    rounds=9,
)

if __name__ == "__main__":
    run(BENCHMARK)
