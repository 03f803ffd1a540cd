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
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

# Beyond these, a reader is not helped and a crafted text could cost seconds.
MAX_MARKDOWN_CHARS = 200_000
MAX_HIGHLIGHT_CHARS = 20_000

TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "hr", "li", "ol", "p", "pre", "s", "span", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "ol": {"start"},
    "p": {"class"},
    "span": {"class"},
}


def _highlight(code: str, language: str, _attrs: str) -> str:
    """Pygments spans, or nothing (then markdown-it escapes the code itself)."""
    if not language or len(code) > MAX_HIGHLIGHT_CHARS:
        return ""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    return highlight(code, lexer, HtmlFormatter(nowrap=True))


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
    markdown.add_render_rule("image", _image)
    markdown.add_render_rule("heading_open", _heading)
    markdown.add_render_rule("heading_close", _heading)
    return markdown


_MARKDOWN = _renderer()


@lru_cache(maxsize=1024)
def render_markdown(text: str) -> str:
    """Safe HTML for a text of unknown origin."""
    if len(text) > MAX_MARKDOWN_CHARS:
        return f"<pre>{escape(text)}</pre>"
    return nh3.clean(
        _MARKDOWN.render(text),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel="nofollow noopener noreferrer",
    )
