"""README and docs do what they say: every Python block and every quick ``qlstm`` command on a page is run as it stands.

Conventions in the pages:

* The blocks of a page run in order, in one namespace and one empty folder.
* A comment ``<!-- not run: reason -->`` before a block keeps it from running; its options are still checked.
* A comment ``<!-- output -->`` before a ``text`` block says that the Python block before it prints exactly that.
* A ``qlstm`` command that must not end with 0 says so: ``# exit code 3: reason``.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXTS = [*PAGES, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"]
BLOCK = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class Block:
    """A fenced block, with the comment above it and the line its code starts at."""

    language: str
    code: str
    note: str
    line: int

    @property
    def commands(self) -> list[str]:
        return [line for line in self.code.splitlines() if line and not line.startswith("#")]

    @property
    def runs(self) -> bool:
        """Whether there is anything here that this test runs."""
        ours = self.language == "python" or any(line.startswith("qlstm ") for line in self.commands)
        return self.language in ("python", "bash") and ours and not self.note.startswith("not run: ")


def blocks(page: Path, *languages: str) -> list[Block]:
    text = page.read_text()
    found = [
        Block(m["language"], m["code"], m["note"] or "", text.count("\n", 0, m.start("code")) + 1)
        for m in BLOCK.finditer(text)
    ]
    return [block for block in found if not languages or block.language in languages]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Tests share the machine and the process."""
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    torch.set_rng_state(state)


def run_python(block: Block, page: Path, namespace: dict[str, Any]) -> None:
    """With the page's own line numbers in a traceback."""
    exec(compile("\n" * (block.line - 1) + block.code, str(page), "exec"), namespace)


def run_shell(command: str) -> None:
    """A ``qlstm`` command, in this process; other commands are for `test_commands_exist`."""
    from qlstm.cli import run

    program, *arguments = shlex.split(command, comments=True)
    if program == "qlstm":
        expected = re.search(r"# exit code (\d+)", command)
        assert run(arguments) == int(expected[1] if expected else 0), command


@pytest.mark.parametrize("page", [p for p in PAGES if any(block.runs for block in blocks(p))], ids=name)
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    printed = ""
    for block in blocks(page):
        if block.language == "text" and block.note == "output":
            assert printed == block.code, f"{name(page)}, line {block.line}"
        elif block.language == "python" and block.runs:
            capsys.readouterr()
            run_python(block, page, namespace)
            printed = capsys.readouterr().out
        elif block.language == "bash" and block.runs:
            for command in block.commands:
                run_shell(command)


@pytest.mark.parametrize("page", [p for p in TEXTS if "```" in p.read_text()], ids=name)
def test_no_block_is_overlooked(page: Path) -> None:
    fences = [line for line in page.read_text().splitlines() if "```" in line]
    found = blocks(page)
    assert len(fences) == 2 * len(found)
    for before, block in pairwise([None, *found]):
        assert block is not None
        assert block.language in ("python", "bash", "text", "bibtex")
        assert (block.note == "output") == (block.language == "text")
        assert block.language != "text" or (before is not None and before.language == "python")
        assert block.note in ("", "output") or re.fullmatch("not run: .{5,}", block.note)


def commands() -> list[str]:
    return sorted({command for page in TEXTS for block in blocks(page, "bash") for command in block.commands})


def check_make(words: list[str]) -> None:
    assert re.search(rf"^{words[1]}:.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)


def check_python(words: list[str]) -> None:
    script = (ROOT / words[1]).read_text()
    assert [word for word in words[2:] if word.lstrip("-") not in script] == []


def check_pip(words: list[str]) -> None:
    assert words[1:] == ["install", "."]


def check_qlstm(words: list[str]) -> None:
    from qlstm.cli import run

    assert run([*words[1:], "--help"]) == 0  # options are parsed before help is shown


CHECKS: dict[str, Callable[[list[str]], None]] = {
    "make": check_make, "python": check_python, "pip": check_pip, "qlstm": check_qlstm,
}  # fmt: skip


@pytest.mark.parametrize("command", commands())
def test_commands_exist(command: str) -> None:
    words = shlex.split(command, comments=True)
    CHECKS[words[0]](words)


def options(command: str) -> set[str]:
    """The long options of a command; of a pair such as --cosine/--no-cosine the first."""
    import typer

    from qlstm.cli.app import app

    parameters = typer.main.get_command(app).commands[command].params  # type: ignore[attr-defined]
    return {parameter.opts[0] for parameter in parameters if parameter.opts[0].startswith("--")} - {"--help"}


@pytest.mark.parametrize("command", ["train", "plan", "compare", "forecast", "qpus", "report", "reproduce"])
def test_reference_lists_every_option(command: str) -> None:
    page = (ROOT / "docs/reference/cli.md").read_text()
    section = re.search(rf"^## qlstm {command}\b(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    assert section is not None
    assert set(re.findall(r"`(--[a-z-]+)`", section[1])) == options(command)


@pytest.mark.parametrize("page", TEXTS, ids=name)
def test_paths_and_names_exist(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    missing = [link for link in links if not (page.parent / link.partition("#")[0]).exists()]
    files = re.findall(r"`((?:qlstm|qpartition|backends|benchmarks|examples|docs)/[\w./]+)`", text)
    assert missing + [file for file in files if not (ROOT / file).exists()] == []
    extras = set(re.findall(r"\.\[(\w+)\]", text))
    assert extras <= tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"].keys()
    targets = set(re.findall(r"`make (\w+)`", text))
    assert targets <= set(re.findall(r"^(\w+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r"[\w/]+\.md", (ROOT / "mkdocs.yml").read_text()))
    assert listed == {str(page.relative_to(ROOT / "docs")) for page in PAGES if page.is_relative_to(ROOT / "docs")}
