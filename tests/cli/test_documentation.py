"""docs/command-line.md has every command and every option."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from autolog.cli.main import commands

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"


def together(command: click.Command) -> list[click.Command]:
    """A command with those below it."""
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return [command, *below]


def options() -> list[tuple[str, str]]:
    return [
        (name, option)
        for name, command in commands.commands.items()
        for part in together(command)
        for parameter in part.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    ]


def section(command: str) -> str:
    """The part of the page whose heading names the command."""
    parts = re.split(r"^## (.*)$", PAGE.read_text(), flags=re.MULTILINE)
    sections = zip(parts[1::2], parts[2::2], strict=True)
    bodies = [body for title, body in sections if f"autolog {command}" in title.split(", ")]
    assert len(bodies) == 1, f"no section for {command}"
    return bodies[0]


@pytest.mark.parametrize("command", list(commands.commands))
def test_every_command_is_documented(command: str) -> None:
    first, *below = together(commands.commands[command])
    assert f"autolog {command} [OPTIONS]" in section(command) or not first.params
    for part in below:
        assert f"autolog {command} {part.name} [OPTIONS]" in section(command)


@pytest.mark.parametrize(("command", "option"), options())
def test_every_option_is_documented(command: str, option: str) -> None:
    assert re.search(rf"(?<![\w-]){option}(?![\w-])", section(command))


def test_no_option_is_documented_that_there_is_not() -> None:
    known = {option for _, option in options()} | {"--help", "--version"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", PAGE.read_text())) <= known
