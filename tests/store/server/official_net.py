"""A small network that Lightning trains for two epochs of four steps."""

from __future__ import annotations

from typing import Any

import lightning
import torch


class Net(lightning.LightningModule):
    """It remembers the losses that it logged."""

    def __init__(self, lr: float = 0.1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(2, 1)
        self.losses: list[float] = []

    def training_step(self, batch: Any, index: int) -> Any:
        x, y = batch
        loss = torch.nn.functional.mse_loss(self.layer(x), y)
        self.losses.append(loss.item())
        self.log("loss", loss, on_step=True, on_epoch=False)
        return loss

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), self.hparams["lr"])


def fitted(**options: Any) -> Net:
    """A network that was trained, by a trainer with these options."""
    data = torch.utils.data.TensorDataset(torch.zeros(8, 2), torch.ones(8, 1))
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    net = Net()
    trainer = lightning.Trainer(max_epochs=2, log_every_n_steps=1, **quiet, **options)
    trainer.fit(net, torch.utils.data.DataLoader(data, batch_size=2))
    return net
