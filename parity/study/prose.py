"""Docstrings to HTML: docutils reads the text, and turns its LaTeX into MathML."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import Any

from docstring_parser.numpydoc import NumpydocParser, Section
from docutils import nodes
from docutils.core import Publisher, publish_parts
from docutils.frontend import Values
from docutils.parsers.rst import Parser
from docutils.readers.standalone import Reader
from docutils.writers.html5_polyglot import HTMLTranslator, Writer
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonConsoleLexer

FIELDS = {
    "param": "Parameters",
    "attribute": "Attributes",
    "returns": "Returns",
    "raises": "Raises",
    "warns": "Warns",
}
#: What docutils does not know, in words that it does.
SPELLED_OTHERWISE = (
    (r"\\dots(?![a-z])", r"\\ldots"),
    (r"\\mathrel\{\+\}=", r"\\;\\text{+=}\\;"),
    # An index would be set beneath the letter.
    (r"(\\(?:bar|hat|tilde) ?(?:\{\w+\}|\w))(?=[_^])", r"\1{}"),
    (r"\\textstyle\\sum", r"{\\textstyle\\sum}"),
    (r"\\tfrac(\d)(\d)", r"\\tfrac{\1}{\2}"),
    (r"\\[Bb]ig([|/])", r"\1"),
    (r"\\([Bb]ig)(?=\s*([)\]]|\\\}|\\r[a-z]))", r"\\\1r"),
    (r"\\([Bb]ig)(?=\s*([(\[]|\\\{|\\l[a-z]))", r"\\\1l"),
    (r"(?<=\w)\\_", "_"),  # Names in \text.
)


@dataclass(frozen=True)
class Field:
    """One parameter, attribute or error: its name, its type, what it is."""

    name: str
    type: str
    text: Markup


@dataclass(frozen=True)
class Prose:
    """A docstring, section by section.

    Attributes
    ----------
    summary : Markup
        The first sentence.
    body : Markup
        What follows it, and the notes: where the equations are.
    fields : dict
        Title of the section to its fields.
    references : Markup
    examples : Markup
    """

    summary: Markup
    body: Markup
    fields: dict[str, list[Field]]
    references: Markup
    examples: Markup


def read(thing: Any, links: Mapping[str, str]) -> Prose:
    """Parse the docstring of `thing`.

    Parameters
    ----------
    thing : class or function
        It has a docstring of its own.
    links : dict
        Names to where they are on the pages: `Linear` becomes a link.

    Raises
    ------
    ValueError
        If there is no docstring, or docutils finds fault with it.
    """
    text = (
        thing.__doc__ if "__doc__" in vars(thing) or not isinstance(thing, type) else ""
    )
    if not text:
        raise ValueError(f"{thing.__qualname__} has no docstring")

    def html(source: str | None) -> Markup:
        try:
            return to_html(source or "", f"{thing.__name__}-", links)
        except Exception as error:
            raise ValueError(f"docstring of {thing.__qualname__}: {error}") from error

    parser = NumpydocParser()
    parser.add_section(Section("Examples", "examples"))  # Text, as any other.
    parsed = parser.parse(inspect.cleandoc(text))
    fields: dict[str, list[Field]] = {}
    for part in parsed.meta:
        if part.args[0] in FIELDS:
            fields.setdefault(FIELDS[part.args[0]], []).append(_field(part, html))
    text = {part.args[0]: part.description or "" for part in parsed.meta}
    return Prose(
        summary=inline(html(parsed.short_description)),
        body=html(f"{parsed.long_description or ''}\n\n{text.get('notes', '')}"),
        fields=fields,
        references=html(text.get("references")),
        examples=html(text.get("examples")),
    )


def to_html(source: str, prefix: str, links: Mapping[str, str]) -> Markup:
    """Return reST as HTML; whatever docutils warns of is an error."""
    settings = copy(_settings())
    settings.id_prefix = prefix
    parts = publish_parts(source, writer=_Writer(links), settings=settings)
    return Markup(parts["body"].strip())


@cache  # To settle them takes as long as to read a docstring.
def _settings() -> Values:
    return Publisher(Reader(), Parser(), Writer()).get_settings(
        report_level=2,
        halt_level=2,
        traceback=True,
        math_output="MathML",
        file_insertion_enabled=False,
        raw_enabled=False,
        smart_quotes=False,
        doctitle_xform=False,
        warning_stream="",
    )


def inline(html: Markup) -> Markup:
    """Return one paragraph without its tags."""
    return Markup(html.removeprefix("<p>").removesuffix("</p>"))


class _Translator(HTMLTranslator):
    links: Mapping[str, str] = {}

    def visit_math(self, node: nodes.Element) -> None:
        text = node.astext()
        for pattern, replacement in SPELLED_OTHERWISE:
            text = re.sub(pattern, replacement, text)
        node[:] = [nodes.Text(text)]
        super().visit_math(node)

    def visit_title_reference(self, node: nodes.Element) -> None:
        code = f"<code>{escape(node.astext())}</code>"
        where = self.links.get(node.astext())
        self.body.append(f'<a href="{escape(where)}">{code}</a>' if where else code)
        raise nodes.SkipNode

    def visit_literal(self, node: nodes.Element) -> None:
        self.body.append(f"<code>{escape(node.astext())}</code>")
        raise nodes.SkipNode

    def visit_doctest_block(self, node: nodes.Element) -> None:
        formatter = HtmlFormatter(nowrap=True)
        code = highlight(node.astext(), PythonConsoleLexer(), formatter).rstrip()
        opening = '<pre tabindex="0" role="region" aria-label="Example">'
        self.body.append(f"{opening}<code>{code}</code></pre>")
        raise nodes.SkipNode


class _Writer(Writer):
    def __init__(self, links: Mapping[str, str]) -> None:
        super().__init__()
        self.translator_class = type("_Linked", (_Translator,), {"links": links})


def _field(part: Any, html: Any) -> Field:
    name = getattr(part, "arg_name", None) or getattr(part, "return_name", None) or ""
    kind = part.type_name or ""
    if part.args[0] == "param" and part.default and "default" not in kind:
        kind = f"{kind}, default {part.default.rstrip('.')}"
    return Field(name, kind, html(part.description))
