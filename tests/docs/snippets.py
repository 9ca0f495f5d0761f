"""The fenced blocks of a page, and what the page says of each by a comment above it.

`<!-- not run: WHY -->` stands above what cannot run here, and is parsed alone;
`<!-- short: run --rounds 1 -->` adds options to that command of the block; `<!-- output -->`
says that the block shows what the one before it prints. `<!-- in: FOLDER -->` says where it is
carried out, `<!-- needs: jq -->` which programs it takes. `<!-- after: PAGE, PAGE -->` is of a
whole page, which goes on in the folder that the others left.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from pathlib import Path

_MARK = re.compile(r"<!-- (not run|short|output|in|needs|after)(?:: (.*?))? -->", re.DOTALL)
_FILE = re.compile(r"# ([\w-]+\.(?:py|toml))\b")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    `kind` is the language, `line` where it stands, `file` the name of the file that it shows,
    if its first line says so, `not_run` why it is parsed alone, `short` what is added to its
    command, `output` whether it is what the block before it prints, `inside` the folder that
    it is carried out in, `needs` the programs that it takes.
    """

    kind: str
    text: str
    line: int
    file: str | None
    not_run: str | None
    short: str
    output: bool
    inside: str
    needs: tuple[str, ...]

    @property
    def runs(self) -> bool:
        """Whether it is a program or a script that is carried out."""
        return self.kind in ("python", "sh") and not (self.not_run or self.file)


def blocks(page: Path) -> list[Block]:
    """Collect the blocks of a page, in its order."""
    found, marks = [], dict[str, str]()
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "fence":
            named = _FILE.match(token.content)
            found.append(
                Block(
                    kind=token.info.split(" ")[0],
                    text=token.content,
                    line=(token.map or [0])[0] + 1,
                    file=named[1] if named else None,
                    not_run=marks.get("not run"),
                    short=marks.get("short", ""),
                    output="output" in marks,
                    inside=marks.get("in", "."),
                    needs=tuple(marks.get("needs", "").split()),
                )
            )
        if token.type != "html_block":
            marks = {}
        marks |= {kind: " ".join(said.split()) for kind, said in _MARK.findall(token.content)}
    return found


def goes_on_after(page: Path) -> list[str]:
    """Name the pages whose folders this one goes on in."""
    marks = _MARK.findall(page.read_text(encoding="utf-8"))
    return [name for kind, said in marks if kind == "after" for name in said.split(", ")]


def commands(script: str) -> list[list[str]]:
    """List the `anml` commands of a script, as words.

    Examples
    --------
    >>> commands("anml run --rounds 2 \\\\\\n  --seed 1 > log  # short\\ncd x && anml doctor")
    [['run', '--rounds', '2', '--seed', '1'], ['doctor']]
    """
    found = []
    whole = script.replace("\\\n", " ").splitlines()
    for line in (line for line in whole if "anml " in line):
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split, lexer.commenters = True, "#"
        words: list[str] | None = None
        for word in [*lexer, ";"]:
            if word == "anml" and words is None:
                words = []
            elif set(word) <= set("();<>|&"):
                found += [words] if words else []
                words = None
            elif words is not None:
                words.append(word)
    return found
