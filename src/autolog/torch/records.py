"""All that is recorded of a training loop, for docs/what-is-recorded.md. Nothing here imports PyTorch."""

from __future__ import annotations

from ..patcher import Record

_SECOND = "second optimizers and models: a part's name, a class or a number is added (`loss.Generator`)"

_PARAMS = (
    Record("param", "optimizer", "class of the optimizer"),
    Record("param", "*", "every hyperparameter of the optimizer; by group (`lr.0`) where groups differ"),
    Record("param", "scheduler", "class of the learning rate scheduler"),
    Record("param", "scheduler.*", "its settings"),
    Record("param", "phase_*", "what differs in an optimizer made later for the same parameters"),
    Record("param", "model", "class of the model that the optimizer's parameters belong to"),
    Record("param", "layers", "number of its parts that have no parts"),
    Record("param", "parameters", "number of its parameters"),
    Record("param", "trainable_parameters", "number of those that are trained"),
    Record("param", "best_metric", "the metric that `model-best` was chosen by"),
    Record("param", "device", "where the parameters are"),
    Record("param", "dtype", "the parameters' precision"),
    Record("param", "amp", "lower precision that the loss was computed in"),
    Record("param", "compiled", "true when `torch.compile` is used"),
    Record("param", "backwards_per_step", "calls of `backward` in the first step, when more than one"),
    Record("param", "world_size", "number of processes; the first one records"),
)

_METRICS = (
    Record(
        "metric",
        "loss",
        "at every step what went into `backward`, before a GradScaler's scaling; the sum where it was called"
        " several times for one step, with a closure the first. Fast loops write ten times a second, from a"
        " GPU about once: a killed process may lose what came after",
    ),
    Record("metric", "lr", "the learning rate, whenever it has changed; `lr.0`, `lr.1`… of several groups"),
    Record("metric", "lr.*", "the same for groups and for further optimizers"),
    Record(
        "metric",
        "grad_norm",
        'norm of all gradients at every step; only with `include=["metrics.grad_norm"]`',
    ),
    Record("metric", "loss.*", "the same", _SECOND),
    Record("metric", "grad_norm.*", "the same", _SECOND),
    Record("metric", "best_score", "value of that metric at `model-best`"),
    Record("metric", "best_iteration", "the step before it"),
    Record("metric", "steps", "steps of the first optimizer"),
    Record("metric", "skipped_steps", "steps that a GradScaler left out"),
    Record("metric", "training_time", "seconds from the first loss to the last step"),
    Record("metric", "steps_per_second", "over that time"),
    Record("metric", "samples_per_second", "over that time, where a DataLoader is used"),
)

_DATA = (
    Record("param", "batch_size", "of the DataLoader under way at the first step"),
    Record("param", "num_workers", "its worker processes"),
    Record("param", "dataset", "class of its data set; of a subset also what it is a part of"),
    Record("param", "dataset_size", "the data set's length"),
    Record("param", "shuffle", "true when it is read in random order"),
    Record("param", "sampler", "class of the sampler, where it is another one than `shuffle` gives"),
    Record("param", "drop_last", "true when a last batch that is smaller is left out"),
    Record(
        "metric",
        "epoch",
        "how many times all of a DataLoader was gone through with steps in between; logged at each epoch's"
        " end, step = the last step in it",
    ),
    Record(
        "metric",
        "*",
        "results of torchmetrics by class, or by name in a MetricCollection, on `compute()`; `.2` is added"
        " for a second one of the same class; step = the last step before",
    ),
)

_OTHERS = (
    Record("tag", "autolog.framework", "`torch`"),
    Record("tag", "autolog.model", "why the model was not saved"),
    Record("artifact", "model", "the model at the end of the training: its state as safetensors"),
    Record("artifact", "model.*", "the same", _SECOND),
    Record(
        "artifact",
        "model-best",
        "the model at the best value of the first validation metric that is seen: logged with a name such as"
        " `val_loss` or `test/accuracy`, or computed by torchmetrics while the model is in evaluation mode."
        " Of one model alone, up to 200 MB, as long as copying takes no more than a twentieth of the time",
    ),
    Record("artifact", "model.txt", "its layers, with their numbers of parameters"),
)

RECORDS = tuple(
    record if record.of != "every fit" else Record(record.kind, record.name, record.meaning, "training loops")
    for record in (*_PARAMS, *_METRICS, *_DATA, *_OTHERS)
)
