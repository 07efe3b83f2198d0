"""All that is recorded of Lightning, for docs/what-is-recorded.md. Nothing here imports it."""

from __future__ import annotations

from ..patcher import Record

_FITS, _STOPPING, _CHECKPOINTS = "`fit`", "`fit` with EarlyStopping", "`fit` with checkpoints"
_LR_FIND, _SCALE = "`Tuner.lr_find`", "`Tuner.scale_batch_size`"

_PARAMS = (
    Record(
        "param",
        "*",
        "what module and data module keep with `save_hyperparameters()`; what is nested as `outer/inner`",
    ),
    Record("param", "model", "the module's class"),
    Record("param", "layers", "number of its parts that have no parts"),
    Record("param", "parameters", "number of its parameters"),
    Record("param", "trainable_parameters", "number of those that are trained"),
    Record("param", "batch_size", "of the training data; hyperparameters of that name come first", _FITS),
    Record("param", "num_workers", "the DataLoader's worker processes", _FITS),
    Record("param", "dataset", "class of the data set; of a subset also what it is a part of", _FITS),
    Record("param", "dataset_size", "the data set's length", _FITS),
    Record("param", "shuffle", "true when it is read in random order", _FITS),
    Record("param", "sampler", "class of the sampler, where it is another one than `shuffle` gives", _FITS),
    Record("param", "drop_last", "true when a last batch that is smaller is left out", _FITS),
    Record("param", "trainer.*", "accelerator, strategy, devices, precision, and what is not the default"),
    Record("param", "seed", "the seed that `seed_everything` was called with", "every call"),
    Record("param", "optimizer", "class of the optimizer; of several `optimizer.0`, `optimizer.1`…", _FITS),
    Record("param", "optimizer.*", "its settings; by group (`.0`, `.1`…) those that differ", _FITS),
    Record("param", "scheduler", "class of the learning rate scheduler; numbered if several", _FITS),
    Record("param", "scheduler.*", "its settings, and when Lightning steps it", _FITS),
    Record("param", "early_stopping.*", "what is monitored, mode, patience, thresholds", _STOPPING),
    Record("param", "checkpoint.*", "what is monitored, mode, how many are kept", _CHECKPOINTS),
)

_TAGS = (
    Record("tag", "autolog.framework", "`lightning`"),
    Record("tag", "autolog.estimator", "the module's class"),
    Record("tag", "autolog.model", "why the model was not saved", _FITS),
    Record("tag", "autolog.best_checkpoint*", "where the best checkpoint lies", _CHECKPOINTS),
    Record("tag", "autolog.last_checkpoint*", "where the last checkpoint lies", _CHECKPOINTS),
    Record("tag", "autolog.checkpoints", "marks by which a fit from a checkpoint finds its run", _FITS),
)

_METRICS = (
    Record("metric", "*", "all that is passed to `self.log`, by Lightning's names, when Lightning logs it"),
    Record("metric", "epoch", "the epoch, at the first of these steps in it", _FITS),
    Record(
        "metric", "lr", "learning rate whenever it changes; `lr.0`… of several groups or optimizers", _FITS
    ),
    Record("metric", "training_time", "seconds that the call took", _FITS),
    Record("metric", "validate_time", "seconds that the call took", "`validate`"),
    Record("metric", "test_time", "seconds that the call took", "`test`"),
    Record("metric", "predict_time", "seconds that the call took", "`predict`"),
    Record("metric", "best_score*", "the monitored value of the best checkpoint", _CHECKPOINTS),
    Record("metric", "early_stopping.best_score*", "the best value that was monitored", _STOPPING),
    Record("metric", "stopped_epoch*", "the epoch that EarlyStopping ended the training in", _STOPPING),
)

_TUNER = (
    Record("run", "*.lr_find", "a search for the learning rate, nested where a run is open", _LR_FIND),
    Record("run", "*.scale_batch_size", "a search for the batch size, nested where a run is open", _SCALE),
    Record("metric", "loss", "smoothed loss at each learning rate `lr` that was tried", _LR_FIND),
    Record("metric", "suggested_lr", "the learning rate that is proposed", _LR_FIND),
    Record("metric", "batch_size", "each batch size that was tried", _SCALE),
    Record("metric", "best_batch_size", "the batch size that was found", _SCALE),
)

_FILES = (
    Record("artifact", "model", "the trained module", _FITS),
    Record("artifact", "summary.txt", "layers, their classes and parameter counts"),
    Record(
        "artifact",
        "checkpoints/best*.ckpt",
        "the best checkpoint; from 32 MB on a clone or a hard link where the file system allows it",
        _CHECKPOINTS,
    ),
    Record(
        "artifact",
        "checkpoints/last*.ckpt",
        "the last checkpoint; a clone or a copy, since Lightning writes that file again",
        _CHECKPOINTS,
    ),
)

RECORDS: tuple[Record, ...] = (*_PARAMS, *_TAGS, *_METRICS, *_TUNER, *_FILES)
