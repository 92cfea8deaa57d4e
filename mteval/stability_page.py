"""A page that shows at a glance which conclusions hold: a row for each, a column for each choice, coloured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup, escape

from mteval.stability import WORDS, Conclusion, Outcome, Stability

_COLOURS: Mapping[Outcome | None, str] = {
    "same": "#c7e9c0",
    "lost": "#fee391",
    "found": "#fdae6b",
    "reversed": "#cb181d; color: #fff",
    None: "#eee",
}
_STYLE = """\
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color: #222 }
table { border-collapse: separate; border-spacing: 2px; margin: 0 0 2rem }
th, td { padding: .3rem .6rem; text-align: left; font-weight: normal }
td.o { text-align: center; border-radius: 3px }
thead th { vertical-align: bottom; max-width: 9rem; overflow-wrap: break-word }
thead tr:first-child th { color: #666; white-space: nowrap }
"""


def page(found: Sequence[Stability]) -> str:
    """The page, without scripts; every text in it is escaped."""
    parts = "\n".join(line for one in found for line in _table(one))
    legend = " ".join(
        Markup('<td class="o" style="background: {}">{}</td>').format(_COLOURS[outcome], word)
        for outcome, word in WORDS.items()
    )
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Stability</title>\n<style>{_STYLE}</style>\n'
        f"<h1>Which conclusions hold</h1>\n{parts}\n"
        f"<table><tr>{legend}</tr></table>\n"
        "<p>A conclusion: one system is better than another (&gt;), or they cannot be told apart (≈). lost: a "
        "difference is told no more; new: one is told that was not; REVERSED: the other is better. The last column: in "
        "how many draws of the texts the one is before the other.</p>\n</html>\n"
    )


def _table(one: Stability) -> Iterator[str]:
    yield Markup("<h2>{}, {}: by {}</h2>").format(one.pair, one.eval_set, one.metric)
    kinds = "".join(Markup("<th>{}</th>").format(kind) for kind, _ in one.variants)
    names = "".join(Markup("<th>{}</th>").format(name) for _, name in one.variants)
    yield f"<table><thead><tr><th></th>{kinds}<th>texts</th></tr><tr><th></th>{names}<th>drawn anew</th></tr></thead>"
    yield from (_row(one, conclusion) for conclusion in one.conclusions)
    yield "</table>"


def _row(one: Stability, conclusion: Conclusion) -> str:
    cells = "".join(
        Markup('<td class="o" style="background: {}">{}</td>').format(
            _COLOURS[outcome := conclusion.outcomes[key]], "–" if outcome is None else WORDS[outcome]
        )
        for key in one.variants
    )
    sign = ">" if conclusion.told_apart else "≈"
    holds = "–" if conclusion.holds is None else f"{conclusion.holds:.0%}"
    head = escape(f"{conclusion.better} {sign} {conclusion.worse}")
    return f'<tr><th>{head}</th>{cells}<td class="o">{holds}</td></tr>'
