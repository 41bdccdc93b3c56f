"""The study pages: everything is on one, and nothing on them is broken."""

from __future__ import annotations

import json
import re
import shutil
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from parity import commands, registry, study
from parity.commands.study import main
from parity.study import build, curve, prose, source, verdict
from parity.study.pages import subject
from scratchnet import nn

VOID = {"meta", "link", "path", "br", "col", "img", "hr"}
REST = re.compile(r":math:|:class:|\.\. |``|\\[a-z]+\{|\$|`_")
#: y = x, and shapes alone: there is nothing to derive.
NO_EQUATION = {"Identity", "Flatten", "Unflatten"}
PAGES = study.holding(registry.PAIRS)


class Parsed(HTMLParser):
    """A page, read strictly: its ids, links, text by element, and formulas."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.prose: list[str] = []
        self.code: list[str] = []
        self.headings: list[int] = []
        self.title = ""
        self.lang = ""
        self.formulas = 0
        self.feed(file.read_text(encoding="utf-8"))
        self.close()
        assert self.open == [], f"{file} leaves {self.open} open"

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        assert len(attributes) == len(attrs), f"<{tag}> says something twice"
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes["href"]] if "href" in attributes else []
        self.formulas += tag == "math"
        self.lang = attributes["lang"] if tag == "html" else self.lang
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "pre":
            self.code.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open, f"</{tag}> closes nothing"
            assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        if "pre" in self.open:
            self.code[-1] += data
        elif "title" in self.open:
            self.title += data
        else:
            self.prose.append(data)


@pytest.fixture(scope="module")
def results():
    """Results as the engine writes them, of every case, without running any."""
    cases = [
        {
            "namespace": pair.namespace,
            "name": pair.name,
            "case": str(case),
            "passed": True,
            "float64_error": 1.5e-16,
            "float32_error": None,
            "torch_float32_error": 0.0,
        }
        for pair in registry.PAIRS
        for case in pair.cases
    ]
    about = {
        "scratchnet": "0",
        "numpy": "2",
        "torch": "2.13.0",
        "python": "3.11",
        "machine": "any",
    }
    return {"environment": about, "passed": True, "cases": cases}


@pytest.fixture(scope="module")
def site(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    assert len(list(study.write(PAGES, results, folder))) == len(PAGES)
    return {
        file.relative_to(folder).as_posix(): Parsed(file)
        for file in folder.rglob("*.html")
    }


@cache
def read(described):
    return prose.read(described, {})


def equations(pair):
    return read(subject(pair)).body.count("<math")


def test_every_pair_is_on_one_page_and_in_the_index(site):
    assert set(site) == {"index.html", *(page.path for page in PAGES)}
    linked = [link for link in site["index.html"].links if ".html#" in link]
    assert sorted(linked) == sorted(
        f"{page.path}#{pair.name}" for page in PAGES for pair in page.pairs
    )
    assert len(linked) == len(registry.PAIRS)


def test_pages_are_in_reading_order():
    firsts = [registry.PAIRS.index(page.pairs[0]) for page in PAGES]
    assert firsts == sorted(firsts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_whole(page, site):
    parsed = site[page.path]
    assert parsed.lang == "en"
    assert page.name in parsed.title
    assert parsed.headings.count(1) == 1
    steps = zip(parsed.headings, parsed.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps)
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {pair.name for pair in page.pairs} <= set(parsed.ids)
    left = [text for text in parsed.prose if REST.search(text)]
    assert left == []
    formulas = sum(equations(pair) for pair in page.pairs)
    assert parsed.formulas >= formulas


@pytest.mark.parametrize("name", ["index.html", *(page.path for page in PAGES)])
def test_links_lead_somewhere(name, site):
    for link in site[name].links:
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https"
            continue
        target = Path("/", name).parent / parts.path if parts.path else Path("/", name)
        path = target.resolve().relative_to("/").as_posix()
        if path != "style.css":
            assert path in site
            assert not parts.fragment or parts.fragment in site[path].ids


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_both_codes_are_there(page, site):
    for pair in page.pairs:
        ours, ours_below = source.numpy_side(pair)
        theirs, theirs_below = source.torch_side(pair)
        pieces = [ours, *ours_below, theirs, *theirs_below]
        assert {piece.code for piece in pieces} <= set(site[page.path].code)
        assert re.match(rf"(class|def) {pair.name}\b", ours.code)
        assert theirs.file.startswith("parity/")
        methods = {"nn": ("forward", "backward"), "optim": ("update|step",)}
        for method in methods.get(pair.namespace, ()):
            written = re.compile(rf"^    def ({method})\(", flags=re.MULTILINE)
            assert any(written.search(piece.code) for piece in [ours, *ours_below])


@pytest.mark.parametrize(
    "pair", registry.PAIRS, ids=lambda pair: f"{pair.namespace}.{pair.name}"
)
def test_every_docstring_says_what_and_where(pair):
    text = read(subject(pair))
    assert re.fullmatch(r"[^\s].*\.", text.summary, flags=re.DOTALL)
    assert "&gt;&gt;&gt;" in text.examples
    assert text.references or not isinstance(subject(pair), type)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_piece_has_its_equations_or_says_whose_they_are(page):
    classes = {p.name: p for p in page.pairs if isinstance(subject(p), type)}
    with_equations = {name for name, pair in classes.items() if equations(pair)}
    for name in classes.keys() - with_equations - NO_EQUATION:
        named = set(re.findall(r"`(\w+)`", subject(classes[name]).__doc__))
        assert named & with_equations, f"{name}: no equation, and none referred to"


def test_a_docstring_that_is_missing_or_broken_is_refused():
    class Bare(nn.Linear):
        pass

    class Broken:
        r"""Sum :math:`\nosuchcommand`."""

    with pytest.raises(ValueError, match="Bare has no docstring"):
        prose.read(Bare, {})
    with pytest.raises(ValueError, match=r"Broken: .*nosuchcommand"):
        prose.read(Broken, {})


def test_formulas_become_mathml():
    html = prose.to_html(
        r":math:`\Big(\dots\Big) \mathrel{+}= \tfrac12 \text{in\_features}`", "", {}
    )
    for part in (
        "…",
        "<mtext>+=</mtext>",
        "<mn>1</mn>",
        "in_features",
        'minsize="1.623em"',
    ):
        assert part in html
    assert "\\" not in html


@pytest.mark.parametrize("accent", ["bar", "hat"])
@pytest.mark.parametrize("letter", ["x", " x", "{x}"])
def test_an_index_stands_beside_an_accent_not_beneath(accent, letter):
    if letter == "x":
        accent += " "
    html = prose.to_html(rf":math:`\{accent}{letter}_n \sum_i i`", "", {})
    assert "<msub>" in html
    assert html.count("<munder>") <= 1  # the sum's


@pytest.mark.parametrize("pair", registry.PAIRS, ids=lambda pair: pair.name)
def test_only_operators_have_something_beneath(pair):
    text = read(subject(pair))
    bases = re.findall(r"<munder(?:over)?>\s*<(\w+)", text.summary + text.body)
    assert set(bases) <= {"mo"}


def test_names_become_links():
    html = prose.to_html("See `Linear` and `x`.", "", {"Linear": "nn/linear.html"})
    assert '<a href="nn/linear.html"><code>Linear</code></a>' in html
    assert "<code>x</code>" in html


def test_docstrings_of_several_lines_are_left_out():
    code = 'class A:\n    """One.\n\n    Two.\n    """\n\n    x = 1\n'
    assert source.without_docstrings(code) == "class A:\n    x = 1"
    short = 'def f():\n    """One."""\n    return 1'
    assert source.without_docstrings(short) == short


def test_curves_are_of_activations_that_treat_each_number_alone():
    drawn = {pair.name for pair in registry.PAIRS if curve.draw(pair)}
    assert {"ReLU", "Tanh", "GELU", "Threshold", "PReLU"} <= drawn
    assert not drawn & {"GLU", "Softmax", "Softmax2d", "LogSoftmax", "Linear"}
    (relu,) = registry.choose(["ReLU"])
    shown = curve.draw(relu)
    assert shown is not None
    assert shown.derivative.count("M") == 2  # one at the left end, one at the jump
    assert shown.function.count("M") == 1


def test_the_command_writes_pages_with_the_verdict(tmp_path, capsys):
    assert commands.main(["study", "Identity", "--output", str(tmp_path)]) == 0
    assert (tmp_path / "style.css").exists()
    page = Parsed(tmp_path / "nn/linear.html")
    assert "python -m parity Linear" in page.prose
    assert not any("failed" in text for text in page.prose)
    assert "1 pages" in capsys.readouterr().out


def test_a_page_among_others_leaves_their_index_alone(results, tmp_path):
    file = tmp_path / "parity.json"
    file.write_text(json.dumps(results))
    arguments = ["--output", str(tmp_path / "site"), "--results", str(file)]
    assert main(["linear", "dropout", "flatten", *arguments]) == 0
    before = Parsed(tmp_path / "site/index.html").links
    page = Parsed(tmp_path / "site/nn/dropout.html").links
    assert main(["dropout", *arguments]) == 0
    assert Parsed(tmp_path / "site/index.html").links == before
    assert Parsed(tmp_path / "site/nn/dropout.html").links == page
    assert any(re.search("linear|flatten", link) for link in page)


def test_results_of_an_earlier_run_are_taken(results, tmp_path, capsys):
    failed = json.loads(json.dumps(results))
    case = next(case for case in failed["cases"] if case["name"] == "Linear")
    case.update(passed=False, float64_error="inf")
    file = tmp_path / "parity.json"
    file.write_text(json.dumps(failed))
    arguments = ["Linear", "--output", str(tmp_path / "site"), "--results", str(file)]
    assert main(arguments) == 1
    assert "nn/linear.html: 1 cases FAILED" in capsys.readouterr().out
    page = Parsed(tmp_path / "site/nn/linear.html")
    assert {"inf", "1.5e-16", "1 failed"} <= set(page.prose)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "expected the file of python -m parity --json"),
        ("[]", "expected the file of python -m parity --json"),
        ('{"cases": [{}]}', "expected the file of python -m parity --json"),
        (
            json.dumps({"cases": [], "environment": dict.fromkeys(verdict.ABOUT, "2")}),
            "other cases of nn.Identity than there are now",
        ),
    ],
)
def test_results_of_something_else_are_refused(text, message, tmp_path):
    file = tmp_path / "parity.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        verdict.load(file, PAGES)


@pytest.mark.parametrize(
    "arguments", [["Liner"], ["--results", "absent.json"], ["--output", "README.md"]]
)
def test_misuse_is_refused(arguments, tmp_path, monkeypatch, capsys):
    shutil.copy(Path(__file__).parents[2] / "README.md", tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
    assert "python -m parity study" in capsys.readouterr().err


def test_defaults_are_shown_once():
    class Piece:
        """One.

        Parameters
        ----------
        p : float, default 0.5
            Share.
        q : {"a", "b"}, default "a"
            Kind.
        """

    p, q = prose.read(Piece, {}).fields["Parameters"]
    assert (p.type, q.type) == ("float, default 0.5", '{"a", "b"}, default "a"')


def test_the_index_is_written_anew_with_all_its_pages(results, tmp_path):
    for version in ("9.8.7", "9.8.8"):
        about = results["environment"] | {"torch": version}
        list(study.write(PAGES[:1], results | {"environment": about}, tmp_path))
        assert version in (tmp_path / "index.html").read_text()


def test_code_lies_open_at_its_first_place_alone(results):
    (pair,) = registry.choose(["Linear"])
    entries = [build._entry(pair, {}, results) for _ in range(2)]
    build._open(entries)
    assert {piece.thing for _, piece, _ in entries[0]["sides"]} <= entries[0]["open"]
    assert not entries[1]["open"]


def test_beneath_stands_what_is_called_but_no_checks():
    (pair,) = registry.choose(["Conv2d"])
    _, below = source.numpy_side(pair)
    names = [piece.thing.__name__ for piece in below]
    assert names
    assert not any(name.startswith("expect_") for name in names)


@pytest.mark.parametrize("name", ["RMSprop", "LBFGS", "Bilinear", "Adafactor"])
def test_rows_of_equations_stand_in_their_tables(name):
    (pair,) = registry.choose([name])
    read = prose.read(subject(pair), {})
    texts = [read.body, *(f.text for fields in read.fields.values() for f in fields)]
    shown = "".join(map(str, texts))
    for formula in re.findall("<math.*?</math>", shown, re.DOTALL):
        tree = ElementTree.fromstring(re.sub(r"&(?!amp;|lt;|gt;)\w+;", " ", formula))
        for parent in tree.iter():
            for child in parent:
                kinds = [each.tag.rpartition("}")[2] for each in (parent, child)]
                assert kinds[1] != "mtr" or kinds[0] == "mtable", formula
                assert "\\" not in (child.text or ""), formula
