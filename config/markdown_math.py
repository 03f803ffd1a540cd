"""LaTeX between $…$, $$…$$, \\(…\\) and \\[…\\] in Markdown, as MathML made on the server."""

from __future__ import annotations

import re
from typing import Any

from django.utils.html import escape
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from math_core import LatexError, LatexToMathML

# The converter recurses into each of these; far below the depth at which a thread's stack would end.
DEEPER = re.compile(r"[\\{\[^_']")
MAX_DEEPER = 400
MAX_CHARS = 2_000
MAX_LINES = 60
# A command of the text's own could nest what it holds as often as it is called.
DEFINES = re.compile(r"\\(?:[A-Za-z]*(?:command|def|let)|Declare[A-Za-z]*|newenvironment)\b")

MATHML_TAGS = {
    "math", "menclose", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom",
    "mprescripts", "mroot", "mrow", "ms", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup", "mtable",
    "mtd", "mtext", "mtr", "munder", "munderover",
}  # fmt: skip
MATHML_ATTRIBUTES = {
    "accent", "accentunder", "columnalign", "columnspan", "depth", "display", "displaystyle", "fence", "form",
    "height", "largeop", "linethickness", "lspace", "mathvariant", "maxsize", "minsize", "movablelimits",
    "notation", "rowspan", "rspace", "scriptlevel", "separator", "stretchy", "symmetric", "voffset", "width",
}  # fmt: skip

# As in Pandoc: no space inside the dollars, no digit after them, so that “$5 and $10” stays money.
DOLLARS = re.compile(r"\$(?![\s$])((?:[^$\\]|\\.){1,2000})(?<![\s\\])\$(?!\d)", re.DOTALL)
DISPLAYS = {"$$": "$$", r"\[": r"\]"}

_CONVERTER = LatexToMathML(max_expansions=200, fancy_error=False)


def math_plugin(markdown: MarkdownIt) -> None:
    markdown.inline.ruler.before("escape", "math", _inline)
    markdown.block.ruler.before(
        "fence", "math_block", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    markdown.add_render_rule("math", _render)


def to_mathml(latex: str, *, display: bool) -> str:
    """MathML, or the LaTeX itself as code where it is too long or cannot be read."""
    shallow = len(latex) <= MAX_CHARS and len(DEEPER.findall(latex)) <= MAX_DEEPER
    if shallow and not DEFINES.search(latex):
        try:
            return _CONVERTER.convert_with_local_state(latex, displaystyle=display)
        except LatexError:
            pass
    return f"<code>{escape(latex)}</code>"


def _render(_self: RendererHTML, tokens: list[Token], index: int, *_unused: Any) -> str:
    token = tokens[index]
    html = to_mathml(token.content, display=token.info == "display")
    return f"<p>{html}</p>\n" if token.block else html


def _push(state: StateInline | StateBlock, latex: str, *, display: bool) -> Token:
    token = state.push("math", "", 0)
    token.content = latex.strip()
    token.info = "display" if display else "inline"
    return token


def _inline(state: StateInline, silent: bool) -> bool:
    found = _inline_at(state.src, state.pos)
    if found is None:
        return False
    latex, display, end = found
    if not silent:
        _push(state, latex, display=display)
    state.pos = end
    return True


def _inline_at(text: str, start: int) -> tuple[str, bool, int] | None:
    """(LaTeX, whether it stands apart, where it ends) of a formula that begins at `start`."""
    if text[start] not in "$\\":
        return None
    opener = text[start : start + 2]
    closer = DISPLAYS.get(opener, r"\)" if opener == r"\(" else "")
    if closer:
        end = text.find(closer, start + 2, start + MAX_CHARS)
        inside = text[start + 2 : end] if end > 0 else ""
        return (inside, opener != r"\(", end + 2) if inside.strip() else None
    match = DOLLARS.match(text, start)
    return (match.group(1), False, match.end()) if match else None


def _block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """A formula of its own: from a line that begins with $$ or \\[ to one that ends with its closer."""
    if state.is_code_block(first):
        return False
    opener = state.src[state.bMarks[first] + state.tShift[first] :][:2]
    closer = DISPLAYS.get(opener)
    if closer is None:
        return False
    lines: list[str] = []
    for line in range(first, min(last, first + MAX_LINES)):
        text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()
        if line > first and state.sCount[line] < state.blkIndent:
            return False
        lines.append(text[2:] if line == first else text)
        if lines[-1].endswith(closer):
            break
    else:
        return False
    latex = "\n".join(lines).removesuffix(closer)
    if not latex.strip() or closer in latex:
        return False
    if not silent:
        token = _push(state, latex, display=True)
        token.block = True
        token.map = [first, line + 1]
        state.line = line + 1
    return True
