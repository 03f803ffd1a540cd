"""Model output is hostile: whatever it says, nothing runs and nothing is fetched."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from config.markdown import _CLEANER, MAX_MARKDOWN_CHARS, render_markdown
from config.markdown_math import MATHML_ATTRIBUTES, MATHML_TAGS, MAX_CHARS, MAX_DEEPER

SAFE_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "hr", "li", "ol", "p", "pre", "s", "span", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
SAFE_ATTRIBUTES = {"class", "href", "rel", "start", "title"}


class Inspector(HTMLParser):
    """Fails on any element, attribute or address that is not known to be harmless."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SAFE_TAGS | MATHML_TAGS
        for name, value in attrs:
            assert name in (MATHML_ATTRIBUTES if tag in MATHML_TAGS else SAFE_ATTRIBUTES)
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


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("where $x_1 + 1$ is", "<math><msub><mi>x</mi><mn>1</mn></msub><mo>+</mo><mn>1</mn></math>"),
        (r"where \(x\) is", "<math><mi>x</mi></math>"),
        (r"so \[ x \] is", '<math display="block"><mi>x</mi></math>'),
        ("so $$ x $$ is", '<math display="block"><mi>x</mi></math>'),
        ("$$\nx\n- y\n= z\n$$\nafter", "<p>after</p>"),
        ("\\[\nx\n\\]", '<p><math display="block"><mi>x</mi></math></p>'),
        ("- a\n\n  $$\n  x\n  $$\n- b", "<p>b</p>"),
        ("| a |\n|---|\n| $x$ |", "<td><math><mi>x</mi></math></td>"),
        (r"$x_1, \ldots, x_n$", "<math>"),
        (r"$\boxed{42}$", '<menclose notation="box"><mn>42</mn></menclose>'),
    ],
)
def test_latex_becomes_mathml(text: str, part: str) -> None:
    assert part in render_markdown(text)


@pytest.mark.parametrize(
    "text",
    ["It costs $5 and $10.", "a $ b $ c", r"\$x\$", "`$x$`", "```\n$$x$$\n```", "$$", "$$\nx", r"\( x", "$x",
     "    $$\n    x\n    $$"],
)  # fmt: skip
def test_what_is_no_formula_is_left_alone(text: str) -> None:
    assert "<math" not in render_markdown(text)


@pytest.mark.parametrize(
    "latex",
    [
        r"\unknown{x}",
        r"\frac{a",
        r"\newcommand{\a}{\hat\a}\a",
        r"\def\a{x}\a",
        r"\href{javascript:alert(1)}{x}",
        "{" * (MAX_DEEPER + 1) + "x" + "}" * (MAX_DEEPER + 1),
        r"\sqrt" * (MAX_DEEPER // 2) + r"\hat" * (MAX_DEEPER // 2 + 1) + "x",
        "x" * (MAX_CHARS + 1),
    ],
)
def test_latex_that_cannot_be_read_is_shown_as_code(latex: str) -> None:
    html = render_markdown(f"$${latex}$$")
    assert "<math" not in html
    assert latex[:20] in html


@pytest.mark.parametrize(
    "latex",
    [
        r"\text{<img src=x onerror=alert(1)>}",
        r"\text{</math><script>alert(1)</script>}",
        r"\mathrm{<style>}</style><img src=x onerror=alert(1)>",
        r"\color{red;background:url(//evil.test)}{x}",
        "<mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=alert(1)&gt;'>",
        '"onmouseover="alert(1)',
    ],
)
def test_hostile_latex_stays_text(latex: str) -> None:
    for opener, closer in (("$", "$"), ("$$", "$$"), (r"\(", r"\)"), (r"\[", r"\]")):
        Inspector(convert_charrefs=True).feed(render_markdown(f"{opener}{latex}{closer}"))


@pytest.mark.parametrize(
    "html",
    [
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<math><mi><script>alert(1)</script></mi></math>",
        '<math><annotation-xml encoding="text/html"><img src=x onerror=alert(1)></annotation-xml></math>',
        '<math href="javascript:alert(1)"><mi xlink:href="javascript:alert(1)">x</mi></math>',
        '<math><maction actiontype="statusline" onclick="alert(1)"><mi>x</mi></maction></math>',
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        '<math style="position:fixed"><mi style="color:red" id="turn" class="x">x</mi></math>',
    ],
)
def test_hostile_mathml_would_not_pass_either(html: str) -> None:
    """No such markup reaches the sanitiser; it holds without that too, and cleaned twice is cleaned once."""
    cleaned = _CLEANER.clean(html)
    Inspector(convert_charrefs=True).feed(cleaned)
    assert _CLEANER.clean(cleaned) == cleaned


@pytest.mark.parametrize("piece", ["$a ", "\\[ ", "$$\n", "\\( ", "$" + "a" * 2100])
def test_formulas_that_never_end_do_not_hold_the_page_up(piece: str) -> None:
    html = render_markdown(piece * (20_000 // len(piece)))
    assert "<math" not in html
