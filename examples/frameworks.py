"""Four ways to train, on data that comes with scikit-learn. Nothing here knows of autolog."""

import logging
import tempfile
import warnings

import optuna
import torch
import xgboost
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def digits() -> tuple[DataLoader, DataLoader]:
    """Batches of 8 × 8 pixels and their digit, to train and to validate with."""
    X, y = load_digits(return_X_y=True)
    data = TensorDataset(torch.tensor(X, dtype=torch.float32) / 16, torch.tensor(y))
    train, valid = torch.utils.data.random_split(data, [1400, len(data) - 1400])
    return DataLoader(train, batch_size=64, shuffle=True), DataLoader(valid, batch_size=256)


def layers() -> nn.Sequential:
    return nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 10))


def pytorch() -> str:
    """A loop of one's own: no trainer, no callback."""
    train, valid = digits()
    model = layers()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.8)
    for _ in range(8):
        model.train()
        for xs, ys in train:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(xs), ys).backward()
            optimizer.step()
        scheduler.step()
        model.eval()
        with torch.no_grad():
            right = sum(int((model(xs).argmax(1) == ys).sum()) for xs, ys in valid)
    return f"{right} of {len(valid.dataset)} digits right"


class Classifier(LightningModule):
    def __init__(self, lr: float = 0.005) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layers = layers()

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], batch_idx: int) -> torch.Tensor:
        loss = nn.functional.cross_entropy(self.layers(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch: tuple[torch.Tensor, torch.Tensor], batch_idx: int) -> None:
        scores = self.layers(batch[0])
        self.log("val_loss", nn.functional.cross_entropy(scores, batch[1]))
        self.log("val_accuracy", (scores.argmax(1) == batch[1]).float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)


def lightning() -> str:
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            max_epochs=8, callbacks=[EarlyStopping("val_loss")], log_every_n_steps=10, accelerator="cpu",
            logger=False, default_root_dir=folder, enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(Classifier(), *digits())
    return f"accuracy {trainer.callback_metrics['val_accuracy']:.3f}"


def boosting() -> str:
    data = load_breast_cancer()
    names = data.feature_names.tolist()
    X_train, X_valid, y_train, y_valid = train_test_split(data.data, data.target, random_state=0)
    booster = xgboost.train(
        {"objective": "binary:logistic", "eval_metric": "logloss", "max_depth": 3, "nthread": 1},
        xgboost.DMatrix(X_train, y_train, feature_names=names),
        num_boost_round=200,
        evals=[(xgboost.DMatrix(X_valid, y_valid, feature_names=names), "valid")],
        early_stopping_rounds=10,
        verbose_eval=False,
    )
    return f"log loss {booster.best_score:.3f} in round {booster.best_iteration}"


def tuning() -> str:
    X, y = load_diabetes(return_X_y=True)
    X_train, X_valid, y_train, y_valid = train_test_split(X, y, random_state=0)

    def objective(trial: optuna.Trial) -> float:
        model = GradientBoostingRegressor(
            learning_rate=trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
            max_depth=trial.suggest_int("max_depth", 1, 4),
            random_state=0,
        )
        return model.fit(X_train, y_train).score(X_valid, y_valid)

    study = optuna.create_study(
        direction="maximize", study_name="diabetes", sampler=optuna.samplers.TPESampler(seed=0)
    )
    study.optimize(objective, n_trials=8)
    return f"R² {study.best_value:.3f} with {study.best_params}"


def main() -> None:
    torch.manual_seed(0)
    warnings.filterwarnings("ignore", module="lightning")  # that more workers would be faster
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for name, train in {
        "a plain PyTorch loop": pytorch,
        "a Lightning module": lightning,
        "XGBoost": boosting,
        "an Optuna study": tuning,
    }.items():
        print(f"{name}: ", end="", flush=True)
        print(train(), flush=True)


if __name__ == "__main__":
    main()
