"""What the documentation tells people to type, open and read is there: commands, targets, paths, links, pages."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
from django.core.management import get_commands
from django.urls import Resolver404, resolve

from auscult.cli import main

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *ROOT.glob("docs/**/*.md"),
        *(ROOT / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING", "SECURITY")),
    ]
)
#: Every file of the repository, as git knows it.
FILES = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
FOLDERS = {str(folder) for file in FILES for folder in Path(file).parents}
#: A file of whoever reads the page.
OF_OTHERS = {"FILE.toml"}

_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


def code_of(text: str) -> list[str]:
    """Lines of code blocks, and code in sentences."""
    blocks = [line for block in _FENCE.findall(text) for line in block.splitlines()]
    return [*blocks, *_SPAN.findall(_FENCE.sub("", text))]


def commands_of(text: str) -> list[list[str]]:
    """Calls of ``auscult`` in the code of a text, as words."""
    calls = re.compile(r"(?<![\w./@-])(?:\.venv/bin/)?auscult (?=[a-z-])")
    return [words_of(code[match.end() :]) for code in code_of(text) for match in calls.finditer(code)]


def words_of(line: str) -> list[str]:
    """Words of one command, as a shell reads them, until a pipe, the next command or a comment."""
    shell = shlex.shlex(line, posix=True, punctuation_chars="|;&>()")
    shell.whitespace_split = True
    try:
        words = list(shell)
    except ValueError:
        # It stands inside a quotation that ends here, as in a file of aliases.
        return words_of(line.partition('"')[0])
    end = next((n for n, word in enumerate(words) if set(word) <= set("|;&>()")), len(words))
    return words[:end]


def fault_of(words: list[str]) -> str:
    """Why the command line would not take these words, or nothing. A command without any is only named."""
    command: click.Command = main
    while isinstance(command, click.Group):
        if not words:
            return ""
        name, words = words[0], words[1:]
        found = command.get_command(click.Context(command), name)
        if found is None:
            return f"no command {name}"
        command = found
    if command.name == "manage":
        return "" if words[:1] and words[0] in get_commands() else f"no command of Django: {words[:1]}"
    if not words:
        return ""
    context = click.Context(command)
    try:
        values, rest, _ = command.make_parser(context).parse_args(list(words))
    except click.UsageError as error:
        return error.format_message()
    if rest:
        return f"words too many: {rest}"
    for parameter in command.params:
        value = values.get(parameter.name or "")
        if parameter.required and not isinstance(value, (str, list, tuple)):
            return f"{parameter.name} is missing"
        if isinstance(value, str) and isinstance(parameter.type, click.Choice) and value not in parameter.type.choices:
            return f"{parameter.name} cannot be {value}"
    return ""


def targets_of(text: str) -> list[tuple[str, str]]:
    """Targets of make in the code of a text, with the benchmark they are to run."""
    found = []
    for code in code_of(text):
        for match in re.finditer(r"(?:^|(?<=[\s(]))make ([a-z][a-z-]*)((?: [A-Z]+=\S+)*)", code):
            bench = re.search(r"\bB=(\w+)", match[2])
            found.append((match[1], bench[1] if bench else ""))
    return found


def paths_of(text: str) -> list[str]:
    """Files and folders of the repository that the code of a text names."""
    found = []
    for code in code_of(text):
        for word in re.findall(r"(?<![\w/.<$~-])\.?[A-Za-z][\w.-]*(?:/[\w.-]+)*/?(?![\w/*<{])", code):
            top = word.split("/")[0]
            if ("/" in word and top in {"tests", "docs", "src", "bench", "tools", ".ci"}) or re.search(
                r"\.(py|md|toml|html|js|lock)$", word
            ):
                found.append(word.rstrip("/"))
    return found


def is_there(path: str) -> bool:
    """Whether a file ends with this path, as ``rules/ranking.py`` does in its room, or a folder has it."""
    return path in FOLDERS or any(file == path or file.endswith(f"/{path}") for file in FILES)


def slug_of(heading: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    plain = re.sub(r"[`*_]|\[([^\]]*)\]\([^)]*\)", lambda match: match[1] or "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors_of(text: str) -> set[str]:
    """Anchors of the headings of a page."""
    return {slug_of(heading) for heading in re.findall(r"^#+ (.+)$", _FENCE.sub("", text), re.MULTILINE)}


def broken_links_of(page: Path, text: str) -> list[str]:
    """Links of a page to files and headings that are not there."""
    faults = []
    for target in re.findall(r"\]\(([^)\s]+)\)", _SPAN.sub("", _FENCE.sub("", text))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors_of(file.read_text())):
            faults.append(target)
    return faults


def addresses_of(text: str) -> list[str]:
    """Addresses of pages that a text names, with a number where one is meant."""
    part = r"[a-z][\w.-]*|[A-Z]+|<[^>]+>|\{\w+\}|\d+"
    spans = _SPAN.findall(_FENCE.sub("", text))
    addresses = [code for code in spans if re.fullmatch(rf"/(?:{part})(?:/(?:{part}))*/?", code)]
    return [re.sub(r"<[^>]+>|\{\w+\}|(?<=/)[A-Z]+(?=/|$)", "1", address) for address in addresses]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page):
    text = page.read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    faults = [f"auscult {shlex.join(words)}: {fault}" for words in commands_of(text) if (fault := fault_of(words))]
    for target, bench in targets_of(text):
        if target not in targets:
            faults.append(f"make {target}: no such target")
        if bench and bench != "name" and not (ROOT / "bench" / f"{bench}.py").exists():
            faults.append(f"make {target} B={bench}: no such benchmark")
    faults += [f"{path}: no such file" for path in paths_of(text) if path not in OF_OTHERS and not is_there(path)]
    faults += [f"({target}): broken link" for target in broken_links_of(page, text)]
    for address in addresses_of(text):
        try:
            resolve(address)
        except Resolver404:
            faults.append(f"{address}: no such page")
    assert faults == []


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("verify", ""),
        ("verify bundle.zip --receipt r.json", ""),
        ("verify bundle.zip --recipt r.json", "No such option '--recipt'"),
        ("verify bundle.zip other.zip", "words too many"),
        ("verify --key abc", "bundle is missing"),
        ("role EMAIL moderator", ""),
        ("role grant EMAIL moderator", "words too many"),
        ("roles EMAIL moderator", "no command roles"),
        ("registry status --all", ""),
        ("registry stats", "no command stats"),
        ("demo --size 100k", ""),
        ("demo --size huge", "size cannot be huge"),
        ("weight DATA.csv --margins M.csv", "questions is missing"),
        ("manage migrate", ""),
        ("manage fly", "no command of Django"),
    ],
)
def test_the_check_of_commands_knows_right_from_wrong(words, fault):
    found = fault_of(words.split())
    assert found.startswith(fault) if fault else found == ""


def test_the_other_checks_know_right_from_wrong(tmp_path):
    text = (
        "# One *thing*\n## `a` & b\nSee `make chek`, make peace, `.venv/bin/auscult verify X`, `/feed/rankings`, "
        "`/results/N/`,\n"
        "[x](#one-thing) [y](#two) [z](none.md) [w](https://example.org), `tests/house/none.py`, `rules/ranking.py`.\n"
        "```sh\nmake bench B=none  # runs it\nauscult serve --port 1 | tee log; auscult worker\n```\n"
    )
    page = tmp_path / "page.md"
    page.write_text(text)
    assert targets_of(text) == [("bench", "none"), ("chek", "")]
    assert commands_of(text) == [["serve", "--port", "1"], ["worker"], ["verify", "X"]]
    assert addresses_of(text) == ["/feed/rankings", "/results/1/"]
    assert broken_links_of(page, text) == ["#two", "none.md"]
    assert paths_of(text) == ["tests/house/none.py", "rules/ranking.py"]
    assert [is_there(path) for path in (*paths_of(text), "tests/house", "docs/none")] == [False, True, True, False]
    assert anchors_of(text) == {"one-thing", "a--b"}
