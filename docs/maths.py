"""Hook of mkdocs: the TeX of the pages becomes MathML, so that a reader's browser fetches nothing.

What cannot be translated stops a strict build.
"""

import html
import re

from latex2mathml.converter import convert
from mkdocs.exceptions import PluginError

PAGE = re.compile(r'<(span|div) class="arithmatex">\s*\\[(\[](.*?)\\[)\]]\s*</\1>', re.DOTALL)
"""What the extension arithmatex leaves of a formula of a Markdown page."""

CELL = re.compile(r'<div class="[^"]*jp-Rendered(?:Markdown|Latex)[^"]*"[^>]*>.*?</div>', re.DOTALL)
TEX = re.compile(r"\$\$(?P<display>.+?)\$\$|\$(?P<inline>[^$]+?)\$", re.DOTALL)
"""Text of a notebook, and the formulas in it."""

SCRIPT = re.compile(r"<!-- Load mathjax -->.*?<!-- End of mathjax configuration -->", re.DOTALL)


def on_page_content(content: str, page, **_) -> str:
    """Formulas as MathML."""
    where = page.file.src_uri

    def of_page(found: re.Match[str]) -> str:
        return maths(found[2], found[1] == "div", where)

    def of_cell(found: re.Match[str]) -> str:
        return TEX.sub(lambda tex: maths(tex[0].strip("$"), bool(tex["display"]), where), found[0])

    return PAGE.sub(of_page, CELL.sub(of_cell, SCRIPT.sub("", content)))


def maths(tex: str, is_display: bool, where: str) -> str:
    """One formula; a wide one can be moved sideways on a phone."""
    made = convert(html.unescape(tex).strip(), display="block" if is_display else "inline")
    if "\\" in made:
        raise PluginError(f"{where}: latex2mathml does not know all of {tex.strip()!r}")
    made = made.replace("<mi>&#x02032;</mi>", "<mo>&#x02032;</mo>")  # a prime is no letter
    return f'<div class="maths">{made}</div>' if is_display else made
