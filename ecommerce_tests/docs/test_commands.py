"""Every command of `ecommerce` that a page shows exists, with its options."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from ecommerce_assets.cli import app
from ecommerce_tests.docs.pages import PAGES, ROOT

COMMAND = typer.main.get_command(app)


def shown(page: Path) -> Iterator[list[str]]:
    """The words after `ecommerce` in a page's code."""
    text = page.read_text()
    code = [
        *re.findall(r"^(?: {4}|\t)(.+)$", text, flags=re.M),
        *(
            line
            for block in re.findall(r"^```.*?\n(.*?)^```", text, flags=re.M | re.S)
            for line in block.splitlines()
        ),
        *re.findall(r"(?<!`)`([^`\n]+)`", text),
    ]
    for line in code:
        for words in re.findall(r"(?:^|[\s(/])ecommerce( -*[a-z][^|;&()<>\"#]*)", line):
            yield shlex.split(words.replace("'", ""))


def check(words: list[str]) -> None:
    command = COMMAND
    words = list(words)
    while words and words[0] in (commands := getattr(command, "commands", {})):
        command = commands[words.pop(0)]
    assert not commands or not words or words[0].startswith("-"), f"no command {words[0]}"
    options = {name for parameter in command.params for name in parameter.opts}
    for word in words:
        option = word.strip("[]").partition("=")[0]
        if option.startswith("-") and option != "-":  # a lone one is standard output
            assert option in options | {"--help"}, f"{command.name} has no option {option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_shows_commands_that_exist(page: Path) -> None:
    for words in shown(page):
        check(words)


def test_commands_are_found_where_pages_show_them() -> None:
    first = [words[:1] for page in PAGES for words in shown(page)]
    assert ["load"] in first
    with pytest.raises(AssertionError, match="no option --fast"):
        check(["load", "--fast"])
