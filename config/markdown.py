"""Model output is hostile: Markdown with HTML off, then sanitised, with nothing loaded from elsewhere."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import nh3
from django.utils.html import escape
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_by_name
from pygments.util import ClassNotFound

from config.markdown_math import MATHML_ATTRIBUTES, MATHML_TAGS, math_plugin

# Beyond these, a reader is not helped and a crafted text could cost seconds.
MAX_MARKDOWN_CHARS = 100_000
MAX_HIGHLIGHT_CHARS = 20_000

TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "hr", "li", "ol", "p", "pre", "s", "span", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul", *MATHML_TAGS,
}  # fmt: skip
ATTRIBUTES: dict[str, set[str]] = {
    **dict.fromkeys(MATHML_TAGS, MATHML_ATTRIBUTES),
    "a": {"href", "title"},
    "code": {"class"},
    "ol": {"start"},
    "p": {"class"},
    "span": {"class"},
}


@lru_cache(maxsize=256)
def _lexer_class(language: str) -> type[Lexer] | None:
    """Found by walking a list of hundreds, which costs more than colouring a few lines."""
    try:
        return find_lexer_class_by_name(language)
    except ClassNotFound:
        return None


def _highlight(code: str, language: str, _attrs: str) -> str:
    """Pygments spans, or nothing (then markdown-it escapes the code itself)."""
    if not language or len(code) > MAX_HIGHLIGHT_CHARS:
        return ""
    lexer_class = _lexer_class(language[:40])
    return highlight(code, lexer_class(), _FORMATTER) if lexer_class else ""


def _image(self: RendererHTML, tokens: list[Token], index: int, options: Any, env: Any) -> str:
    """A link instead of a picture: showing one would tell a stranger's server who reads."""
    token = tokens[index]
    alt = self.renderInlineAsText(token.children or [], options, env) or "image"
    return f'<a href="{escape(str(token.attrs["src"]))}">{escape(alt)} (image)</a>'


def _heading(_self: RendererHTML, tokens: list[Token], index: int, *_unused: Any) -> str:
    """A paragraph that looks like a heading: a response must not rewrite the page's outline."""
    token = tokens[index]
    return f'<p class="md-heading md-{token.tag}">' if token.nesting == 1 else "</p>\n"


def _renderer() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "highlight": _highlight})
    markdown.enable(["table", "strikethrough"])
    markdown.use(math_plugin)
    markdown.add_render_rule("image", _image)
    markdown.add_render_rule("heading_open", _heading)
    markdown.add_render_rule("heading_close", _heading)
    return markdown


_MARKDOWN = _renderer()
_FORMATTER: HtmlFormatter[str] = HtmlFormatter(nowrap=True)
_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="nofollow noopener noreferrer",
)


@lru_cache(maxsize=1024)
def render_markdown(text: str) -> str:
    """Safe HTML for a text of unknown origin."""
    if len(text) > MAX_MARKDOWN_CHARS:
        return f"<pre>{escape(text)}</pre>"
    return _CLEANER.clean(_MARKDOWN.render(text))
