"""Every patcher keeps the same promises; `PatcherContract` tests them on yours."""

from __future__ import annotations

from autolog_tinytrain import patcher

import autolog
from autolog.testing import PatcherContract

XS, YS = [1.0, 2.0, 3.0], [2.0, 4.0, 6.0]


class TestTinytrain(PatcherContract):
    patcher = patcher
    framework = "tinytrain"

    def train(self) -> float:
        import tinytrain

        return tinytrain.fit(XS, YS, epochs=5).slope

    def fail(self) -> None:
        import tinytrain

        tinytrain.fit([], [])

    def check_run(self, run: autolog.Run) -> None:
        assert run.params == {"epochs": 5, "rate": 0.01}
        assert list(run.history("loss").step) == [0, 1, 2, 3, 4]
        assert run.metrics["slope"] == self.train()


def test_the_users_own_callbacks_are_still_called() -> None:
    import tinytrain

    seen: list[int] = []
    mine = [lambda epoch, loss: seen.append(epoch)]
    tinytrain.fit(XS, YS, epochs=3, callbacks=mine)
    assert seen == [0, 1, 2]
    assert len(mine) == 1
