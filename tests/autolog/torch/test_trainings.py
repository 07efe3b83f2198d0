"""Which steps are one training, and so one run; where it begins, and when it is over."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.optim import SGD, Adam, Optimizer

import autolog
from autolog.store.runs import Run

Recorded = Callable[[], list[Run]]
XS = torch.ones(4, 2)


def step(model: nn.Module, optimizer: Optimizer) -> float:
    optimizer.zero_grad()
    loss = model(XS).pow(2).mean()
    loss.backward()
    optimizer.step()
    return loss.item()


def made(width: int = 1) -> tuple[nn.Module, Optimizer]:
    model = nn.Linear(2, width)
    return model, SGD(model.parameters(), lr=0.1)


def train(steps: int = 3) -> list[float]:
    model, optimizer = made()
    return [step(model, optimizer) for _ in range(steps)]


def losses(run: Run, name: str = "loss") -> list[float]:
    return list(run.history(name).value)


def test_it_is_open_while_it_goes_on_and_ends_with_its_objects(recorded: Recorded) -> None:
    model, optimizer = made()
    expected = [step(model, optimizer) for _ in range(3)]
    (run,) = recorded()
    assert run.status == "RUNNING"
    assert losses(run) == expected, "written at every step"
    del model, optimizer
    (run,) = recorded()
    assert run.status == "FINISHED"
    assert run.metrics["steps"] == 3


def test_two_one_after_the_other_are_two(recorded: Recorded) -> None:
    model, optimizer = made()
    first = [step(model, optimizer) for _ in range(3)]
    other, its_optimizer = made()
    second = [step(other, its_optimizer) for _ in range(3)]
    runs = recorded()
    assert [losses(run) for run in runs] == [first, second]
    assert [run.status for run in runs] == ["FINISHED", "RUNNING"]


def test_two_that_were_prepared_together_are_two(recorded: Recorded) -> None:
    (a, of_a), (b, of_b) = made(), made()
    first = [step(a, of_a) for _ in range(3)]
    second = [step(b, of_b) for _ in range(3)]
    assert [losses(run) for run in recorded()] == [first, second]


def test_an_ensemble_that_is_trained_by_one_function_is_many(recorded: Recorded) -> None:
    def fit(model: nn.Module, optimizer: Optimizer) -> list[float]:
        return [step(model, optimizer) for _ in range(3)]

    prepared = [made() for _ in range(3)]
    expected = [fit(model, optimizer) for model, optimizer in prepared]
    assert [losses(run) for run in recorded()] == expected


def test_folds_are_runs(recorded: Recorded) -> None:
    expected = [train() for _ in range(4)]
    runs = recorded()
    assert [losses(run) for run in runs] == expected
    assert {run.status for run in runs} == {"FINISHED"}


def test_folds_in_a_run_of_the_users_are_nested(recorded: Recorded) -> None:
    with autolog.run("folds", fits="nested") as mine:
        expected = [train() for _ in range(3)]
    (top,) = recorded()
    assert top.id == mine.id
    assert sorted(losses(run) for run in top.children()) == sorted(expected)


def test_the_users_run_ends_it(recorded: Recorded) -> None:
    with autolog.run("mine"):
        train()
        model, optimizer = made()
        step(model, optimizer)
    (top,) = recorded()
    (child,) = top.children()
    assert (top.status, child.status) == ("FINISHED", "FINISHED")
    assert "model/model.safetensors" in list(child.artifacts())
    assert torch.is_tensor(next(model.parameters()))


def test_it_fails_with_the_users_run(recorded: Recorded) -> None:
    with pytest.raises(LookupError), autolog.run("mine", fits="nested"):
        model, optimizer = made()
        step(model, optimizer)
        raise LookupError("mine")
    (top,) = recorded()
    (child,) = top.children()
    assert (top.status, child.status) == ("FAILED", "FAILED")
    assert child.error == "LookupError: mine"


@pytest.mark.slow
def test_the_next_try_after_an_error_fails_the_first(recorded: Recorded) -> None:
    def fit(width: int) -> None:
        model, optimizer = made()
        for index in range(4):
            step(model, optimizer)
            if index == 2 and width > 1:
                raise RuntimeError("too large")

    try:
        fit(2)
    except RuntimeError:
        fit(1)
    first, second = recorded()
    assert (first.status, first.error) == ("FAILED", "RuntimeError: too large")
    assert (len(losses(first)), len(losses(second))) == (3, 4)
    gc.collect()
    assert recorded()[1].status == "FINISHED"


def test_gan_is_one(recorded: Recorded) -> None:
    class Generator(nn.Linear):
        pass

    class Discriminator(nn.Linear):
        pass

    d, g = Discriminator(2, 1), Generator(2, 2)
    of_d, of_g = Adam(d.parameters()), Adam(g.parameters())
    real: list[float] = []
    for index in range(6):
        of_d.zero_grad()
        one, two = d(XS).mean(), d(g(XS).detach()).mean()
        one.backward()
        two.backward()
        of_d.step()
        real.append(one.item() + two.item())
        if index % 2 == 0:
            of_g.zero_grad()
            d(g(XS)).mean().backward()
            of_g.step()
    (run,) = recorded()
    assert losses(run) == pytest.approx(real, abs=0)
    assert list(run.history("loss.Generator").step) == [0, 1, 2]
    assert run.params["model"] == "Discriminator"
    assert run.params["model.Generator"] == "Generator"
    assert run.params["backwards_per_step"] == 2
    del d, of_d, of_g
    assert recorded()[0].status == "RUNNING", "the generator is still there"
    del g
    (run,) = recorded()
    files = list(run.artifacts())
    assert run.status == "FINISHED"
    assert "model/model.safetensors" in files
    assert "model.Generator/model.safetensors" in files


def test_steps_in_functions_of_one_loop_are_one_training(recorded: Recorded) -> None:
    (a, of_a), (b, of_b) = made(), made()
    for _ in range(3):
        for _ in range(2):
            step(a, of_a)
        step(b, of_b)
    (run,) = recorded()
    assert len(losses(run)) == 6
    assert len(losses(run, "loss.2")) == 3


def test_optimizers_in_a_list_are_one_training(recorded: Recorded) -> None:
    a, b = nn.Linear(2, 2), nn.Linear(2, 1)
    optimizers = [SGD(a.parameters(), lr=0.1), SGD(b.parameters(), lr=0.2)]
    for _ in range(3):
        b(a(XS)).mean().backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    (run,) = recorded()
    assert run.params["lr"] == 0.1
    assert run.params["lr.2"] == 0.2
    assert len(losses(run)) == 3


def test_parts_of_one_model_are_named_by_where_they_are(recorded: Recorded) -> None:
    class Agent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.actor = nn.Linear(2, 1)
            self.critic = nn.Linear(2, 1)

    agent = Agent()
    of_actor, of_critic = SGD(agent.actor.parameters(), lr=0.1), SGD(agent.critic.parameters(), lr=0.3)
    for _ in range(2):
        step(agent.actor, of_actor)
        step(agent.critic, of_critic)
    (run,) = recorded()
    assert run.params["model"] == "Agent"
    assert run.params["lr.critic"] == 0.3
    assert len(losses(run, "loss.critic")) == 2


def test_a_new_optimizer_goes_on_with_the_same_training(recorded: Recorded) -> None:
    model = nn.Linear(2, 1)
    expected = []
    for rate in (0.1, 0.1, 0.01):
        optimizer = SGD(model.parameters(), lr=rate)
        expected += [step(model, optimizer) for _ in range(2)]
    (run,) = recorded()
    assert losses(run) == expected
    assert list(run.history("loss").step) == [0, 1, 2, 3, 4, 5]
    assert run.params["lr"] == 0.1
    assert run.params["phase_2.lr"] == 0.01
    assert (list(run.history("lr").step), list(run.history("lr").value)) == ([0, 4], [0.1, 0.01])


def test_an_optimizer_around_another_is_one(recorded: Recorded) -> None:
    class Around(Optimizer):
        def __init__(self, inner: Optimizer) -> None:
            super().__init__(inner.param_groups, {})
            self.inner = inner

        def step(self, closure: object = None) -> None:  # type: ignore[override]
            self.inner.step()

    model, inner = made()
    outer = Around(inner)
    expected = [step(model, outer) for _ in range(3)]
    (run,) = recorded()
    assert losses(run) == expected
    assert list(run.history("loss").step) == [0, 1, 2]


def test_a_model_kept_by_its_user_ends_with_the_next_training(recorded: Recorded) -> None:
    model, optimizer = made()
    step(model, optimizer)
    train()
    first, second = recorded()
    assert (first.status, second.status) == ("FINISHED", "FINISHED")
    saved = load_file(first.artifacts().path("model/model.safetensors"))
    assert torch.equal(saved["weight"], model.weight)  # type: ignore[arg-type]


def test_threads_have_trainings_of_their_own(recorded: Recorded) -> None:
    expected: dict[int, list[float]] = {}

    def work(number: int) -> None:
        expected[number] = train(5 + number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(losses(run) for run in recorded()) == sorted(expected.values())


@pytest.mark.slow
def test_parameters_without_a_module(recorded: Recorded) -> None:
    weights = torch.zeros(3, requires_grad=True)
    optimizer = SGD([weights], lr=0.1)
    for _ in range(2):
        (weights - 1).pow(2).sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    (run,) = recorded()
    assert run.name == "SGD"
    assert len(losses(run)) == 2
    assert "model" not in run.params
    del optimizer
    assert recorded()[0].status == "FINISHED"


def test_two_models_in_one_optimizer(recorded: Recorded) -> None:
    class Encoder(nn.Linear):
        pass

    class Decoder(nn.Linear):
        pass

    def fit() -> None:
        encoder, decoder = Encoder(2, 3), Decoder(3, 1)
        optimizer = SGD([*encoder.parameters(), *decoder.parameters()], lr=0.1)
        step(nn.Sequential(encoder, decoder), optimizer)

    fit()
    (run,) = recorded()
    assert run.status == "FINISHED"
    assert run.name in ("Sequential", "Decoder+Encoder", "Encoder+Decoder")


def test_evaluation_and_gradients_alone_make_no_run(recorded: Recorded) -> None:
    model = nn.Linear(2, 1)
    with torch.no_grad():
        model(XS)
    for _ in range(5):
        model(XS).mean().backward()
    assert recorded() == []


def test_what_the_user_logs_goes_to_the_training_under_way(recorded: Recorded) -> None:
    model, optimizer = made()
    step(model, optimizer)
    autolog.log_metric("accuracy", 0.5)
    autolog.log_params({"mine": 1})
    (run,) = recorded()
    assert run.metrics["accuracy"] == 0.5
    assert run.params["mine"] == 1
    assert autolog.active_run() is None


def test_inside_a_recorded_fit_or_suppressed_nothing_is_recorded(recorded: Recorded) -> None:
    from autolog.tracking.context import entered

    with entered(inside_fit=True):
        train()
    with autolog.suppressed():
        train()
    assert recorded() == []
