"""Any sequence of changes leads to the state that a simple model of the registry has."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from autolog.store.errors import StoreError
from autolog.store.folder import FolderStore

NAMES = st.sampled_from(["fraud", "röd", "long" * 60])
NUMBERS = st.integers(1, 4)
ALIASES = st.sampled_from(["champion", "next"])
STAGES = st.sampled_from(["None", "Staging", "Production", "Archived"])
TEXTS = st.sampled_from(["", "one", "zwei\n"])
FLAGS = st.booleans()


@dataclass(frozen=True)
class Model:
    """What the registry should know of one model."""

    versions: dict[int, tuple[str, str]] = field(default_factory=dict)  # its description and stage
    aliases: dict[str, int] = field(default_factory=dict)
    description: str = ""
    highest: int = 0
    exists: bool = True


class Sequences(RuleBasedStateMachine):
    """Each rule changes the registry and the simple model; both refuse the same changes."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.models: dict[str, Model] = {}

    def teardown(self) -> None:
        self.folder.cleanup()

    @property
    def registry(self) -> Any:
        """Anew each time, as in another process."""
        return FolderStore(self.folder.name).registry

    def known(self, name: str) -> Model | None:
        model = self.models.get(name)
        return model if model is not None and model.exists else None

    def change(self, method: str, *arguments: Any, allowed: bool, **options: Any) -> bool:
        if allowed:
            getattr(self.registry, method)(*arguments, **options)
        else:
            with pytest.raises(StoreError):
                getattr(self.registry, method)(*arguments, **options)
        return allowed

    def has(self, name: str, version: int) -> bool:
        model = self.known(name)
        return model is not None and version in model.versions

    @rule(name=NAMES, text=TEXTS)
    def create(self, name: str, text: str) -> None:
        if self.change("create", name, description=text, allowed=self.known(name) is None):
            self.models[name] = Model(description=text, highest=self.highest(name))

    def highest(self, name: str) -> int:
        return self.models[name].highest if name in self.models else 0

    @rule(name=NAMES, text=TEXTS)
    def register(self, name: str, text: str) -> None:
        self.change("register", name, "s3://x", description=text, allowed=True)
        model = self.known(name) or Model(highest=self.highest(name))
        versions = {**model.versions, model.highest + 1: (text, "None")}
        self.models[name] = replace(model, versions=versions, highest=model.highest + 1)

    @rule(name=NAMES, text=TEXTS)
    def describe(self, name: str, text: str) -> None:
        model = self.known(name)
        if self.change("update", name, description=text, allowed=model is not None) and model:
            self.models[name] = replace(model, description=text)

    @rule(name=NAMES, version=NUMBERS, text=TEXTS)
    def describe_version(self, name: str, version: int, text: str) -> None:
        if self.change("update", name, version, description=text, allowed=self.has(name, version)):
            versions = self.models[name].versions
            versions[version] = (text, versions[version][1])

    @rule(name=NAMES, version=NUMBERS, alias=ALIASES)
    def set_alias(self, name: str, version: int, alias: str) -> None:
        if self.change("set_alias", name, alias, version, allowed=self.has(name, version)):
            self.models[name].aliases[alias] = version

    @rule(name=NAMES, alias=ALIASES)
    def delete_alias(self, name: str, alias: str) -> None:
        model = self.known(name)
        if self.change("delete_alias", name, alias, allowed=model is not None and alias in model.aliases):
            del self.models[name].aliases[alias]

    @rule(name=NAMES, version=NUMBERS, stage=STAGES, archive=FLAGS)
    def set_stage(self, name: str, version: int, stage: str, archive: bool) -> None:
        allowed = self.has(name, version) and not (archive and stage in ("None", "Archived"))
        if self.change("set_stage", name, version, stage, archive_existing=archive, allowed=allowed):
            versions = self.models[name].versions
            for number, (text, before) in versions.items():
                if archive and before == stage:
                    versions[number] = (text, "Archived")
            versions[version] = (versions[version][0], stage)

    @rule(name=NAMES, version=NUMBERS, force=FLAGS)
    def delete_version(self, name: str, version: int, force: bool) -> None:
        pointing = self.has(name, version) and version in self.models[name].aliases.values()
        allowed = self.has(name, version) and (force or not pointing)
        if self.change("delete_version", name, version, force=force, allowed=allowed):
            model = self.models[name]
            del model.versions[version]
            for alias in [alias for alias, number in model.aliases.items() if number == version]:
                del model.aliases[alias]

    @rule(name=NAMES, force=FLAGS)
    def delete(self, name: str, force: bool) -> None:
        model = self.known(name)
        if self.change(
            "delete", name, force=force, allowed=model is not None and (force or not model.aliases)
        ):
            self.models[name] = Model(highest=self.highest(name), exists=False)

    @rule(name=NAMES, new=NAMES)
    def rename(self, name: str, new: str) -> None:
        allowed = self.known(name) is not None and (name == new or self.known(new) is None)
        if self.change("rename", name, new, allowed=allowed):
            self.models[new] = self.models.pop(name)

    @invariant()
    def the_same_is_read(self) -> None:
        found = {
            model.name: Model(
                {v.version: (v.description, v.stage) for v in self.registry.versions(model.name)},
                dict(model.aliases),
                model.description,
                self.highest(model.name),
            )
            for model in self.registry.search()
        }
        assert found == {name: model for name, model in self.models.items() if model.exists}

    @invariant()
    def the_history_ends_where_the_aliases_are(self) -> None:
        for name, model in self.models.items():
            if model.exists:
                last = {move.alias: move.version for move in self.registry.alias_history(name)}
                assert {alias: number for alias, number in last.items() if number} == model.aliases


Sequences.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
TestSequences = pytest.mark.slow(Sequences.TestCase)
