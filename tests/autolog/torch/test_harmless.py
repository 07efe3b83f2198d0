"""What autolog does not touch: models, optimizers, random numbers, scripted and compiled code."""

from __future__ import annotations

import copy
import gc
import inspect
import io
import pickle
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import LBFGS, SGD, Adam, Optimizer
from torch.utils._python_dispatch import TorchDispatchMode

import autolog
from autolog.store.runs import Run

Recorded = Callable[[], list[Run]]
XS = torch.ones(4, 2)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)
        self.drop = nn.Dropout(0.2)

    def forward(self, xs: torch.Tensor) -> torch.Tensor:
        return self.drop(self.layer(xs))  # type: ignore[no-any-return]


def step(model: Any, optimizer: Optimizer) -> torch.Tensor:
    optimizer.zero_grad()
    loss: torch.Tensor = model(XS).pow(2).mean()
    loss.backward()
    optimizer.step()
    return loss


def test_nothing_is_left_on_models_and_optimizers(recorded: Recorded) -> None:
    model = Net()
    optimizer = Adam(model.parameters())
    before = (set(vars(model)), set(vars(optimizer)), set(vars(model.layer.weight)))
    step(model, optimizer)
    assert (set(vars(model)), set(vars(optimizer)), set(vars(model.layer.weight))) == before
    assert not model._forward_hooks
    assert not optimizer._optimizer_step_post_hooks


def test_copies_and_pickles_train_on(recorded: Recorded) -> None:
    model = Net().eval()
    optimizer = Adam(model.parameters())
    step(model, optimizer)
    twin, its_optimizer = copy.deepcopy((model, optimizer))
    other, others_optimizer = pickle.loads(pickle.dumps((model, optimizer)))
    assert b"autolog.autolog" not in pickle.dumps((model, optimizer))
    losses = [
        step(m, o).item() for m, o in ((model, optimizer), (twin, its_optimizer), (other, others_optimizer))
    ]
    assert len(set(losses)) == 1
    torch.save(model.state_dict(), io.BytesIO())


def test_random_numbers_and_results_are_the_same(recorded: Recorded) -> None:
    def train() -> tuple[list[float], torch.Tensor]:
        torch.manual_seed(3)
        model = Net()
        optimizer = SGD(model.parameters(), lr=0.1)
        return [step(model, optimizer).item() for _ in range(10)], torch.rand(3)

    losses, after = train()
    autolog.disable()
    bare, bare_after = train()
    assert losses == bare
    assert torch.equal(after, bare_after)


def test_disabled_all_is_as_before(recorded: Recorded) -> None:
    from torch.amp.grad_scaler import GradScaler
    from torch.optim import lr_scheduler
    from torch.optim import optimizer as module

    autolog.disable()
    for function in (torch.Tensor.backward, GradScaler.scale, GradScaler.step, Optimizer.__init__):
        assert not hasattr(function, "__wrapped__")
    assert not hasattr(lr_scheduler.LRScheduler.__init__, "__wrapped__")
    assert not module._global_optimizer_post_hooks


def test_a_layer_above_ours_stays_when_we_go(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ours = torch.Tensor.backward
    monkeypatch.setattr(torch.Tensor, "backward", lambda *args, **kwargs: ours(*args, **kwargs))
    autolog.disable()
    model = Net()
    optimizer = SGD(model.parameters(), lr=0.1)
    step(model, optimizer)
    assert recorded() == []
    monkeypatch.setattr(torch.Tensor, "backward", ours)
    autolog.enable(store=tmp_path / "store", frameworks=["torch"])
    loss = step(model, optimizer).item()
    (run,) = recorded()
    assert list(run.history("loss").value) == [loss]
    monkeypatch.setattr(torch.Tensor, "backward", inspect.unwrap(ours))


def test_signatures(recorded: Recorded) -> None:
    names = ["self", "gradient", "retain_graph", "create_graph", "inputs"]
    assert list(inspect.signature(torch.Tensor.backward).parameters) == names
    assert pickle.loads(pickle.dumps(torch.Tensor.backward)) is torch.Tensor.backward


@pytest.mark.slow
def test_an_exported_model(recorded: Recorded) -> None:
    model = Net().eval()
    optimizer = SGD(model.parameters(), lr=0.1)
    step(model, optimizer)
    expected = model(XS)
    assert torch.equal(torch.export.export(model, (XS,)).module()(XS), expected)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_scripted_model_is_trained(recorded: Recorded) -> None:
    model = torch.jit.script(Net().eval())
    optimizer = SGD(model.parameters(), lr=0.1)
    losses = [step(model, optimizer).item() for _ in range(3)]
    assert torch.jit.trace(Net().eval(), XS)(XS).shape == (4, 1)
    (run,) = recorded()
    assert list(run.history("loss").value) == losses


def test_modes_see_no_operation_of_ours(recorded: Recorded) -> None:
    class Seeing(TorchDispatchMode):
        def __init__(self) -> None:
            super().__init__()
            self.seen: Counter[str] = Counter()

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            self.seen[str(func)] += 1
            return func(*args, **(kwargs or {}))

    def watched() -> Counter[str]:
        model = Net()
        optimizer = SGD(model.parameters(), lr=0.1)
        with Seeing() as mode:
            step(model, optimizer)
        return mode.seen

    with_us = watched()
    assert len(recorded()) == 1
    autolog.disable()
    assert with_us == watched()


def test_tensors_of_other_kinds_and_function_modes(recorded: Recorded) -> None:
    class Mine(torch.Tensor):
        pass

    model = Net()
    optimizer = SGD(model.parameters(), lr=0.1)
    loss = model(XS).pow(2).mean().as_subclass(Mine)
    loss.backward()
    optimizer.step()
    with torch.device("cpu"):  # a mode that sees every function
        value = step(model, optimizer).item()
    (run,) = recorded()
    assert list(run.history("loss").value)[-1] == value


def test_backward_with_all_its_arguments(recorded: Recorded) -> None:
    model = Net().eval()
    out = model(XS)
    out.backward(torch.ones_like(out), retain_graph=True, inputs=[model.layer.weight])
    weight, bias = model.layer.weight.grad, model.layer.bias.grad
    assert weight is not None
    assert bias is None
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        out.backward()
    with pytest.raises(RuntimeError, match="does not require grad"):
        torch.ones(()).backward()  # type: ignore[no-untyped-call]
    assert recorded() == []


def compiled_forward() -> None:
    model = nn.Linear(2, 1)
    optimizer = Adam(model.parameters())
    compiled = torch.compile(model, backend="aot_eager")
    for _ in range(4):
        step(compiled, optimizer)


def compiled_step() -> None:
    model = nn.Linear(2, 1)
    optimizer = Adam(model.parameters())
    whole = torch.compile(lambda: step(model, optimizer), backend="aot_eager")
    for _ in range(4):
        whole()


def compiled_optimizer() -> None:
    model = nn.Linear(2, 1)
    optimizer = Adam(model.parameters())
    update = torch.compile(lambda: optimizer.step(), backend="aot_eager")
    for _ in range(4):
        optimizer.zero_grad()
        model(XS).pow(2).mean().backward()
        update()


def compiled_closure() -> None:
    model = nn.Linear(2, 1)
    optimizer = LBFGS(model.parameters(), max_iter=3)

    @torch.compile(backend="aot_eager")
    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss: torch.Tensor = model(XS).pow(2).mean()
        loss.backward()
        return loss

    for _ in range(3):
        optimizer.step(closure)  # type: ignore[no-untyped-call]


def compiled_scaling() -> None:
    model = nn.Linear(2, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)

    @torch.compile(backend="aot_eager")
    def scaled() -> torch.Tensor:
        return scaler.scale(model(XS).pow(2).mean())

    for _ in range(3):
        optimizer.zero_grad()
        scaled().backward()
        scaler.step(optimizer)
        scaler.update()


def counted(work: Callable[[], None]) -> tuple[int, int, int]:
    """Graph breaks, graphs and recompilations."""
    import torch._dynamo as dynamo

    dynamo.reset()
    dynamo.utils.counters.clear()
    torch.manual_seed(0)
    work()
    counters = dynamo.utils.counters
    recompiled = len(dynamo.utils.get_compilation_metrics())
    dynamo.utils.clear_compilation_metrics()
    return sum(counters["graph_break"].values()), counters["stats"]["unique_graphs"], recompiled


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Dynamo's own
@pytest.mark.parametrize("work", [compiled_step, compiled_optimizer])
def test_compiled_steps_are_recorded(recorded: Recorded, work: Callable[[], None]) -> None:
    """No hook is called for them."""
    counted(work)
    torch._dynamo.reset()  # what it compiled may hold the model
    gc.collect()
    (run,) = recorded()
    assert run.status == "FINISHED"
    assert list(run.history("loss").step) == [0, 1, 2, 3]
    assert run.metrics["steps"] == 4
    assert len(set(run.history("loss").value)) == 4


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Dynamo's own
@pytest.mark.parametrize(
    "work", [compiled_forward, compiled_step, compiled_optimizer, compiled_closure, compiled_scaling]
)
def test_dynamo_compiles_the_same(recorded: Recorded, work: Callable[[], None]) -> None:
    counted(work)
    with_us = counted(work)
    autolog.disable()
    assert with_us == counted(work)
