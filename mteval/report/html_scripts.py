"""The scripts and styles that a page holds, and the policy under which a browser runs these scripts and no others."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"

_DIFF = Path(__file__).parent / "vendor" / "jsdiff-9.0.0.min.js"
_DIFF_NOTICE = "/*! jsdiff 9.0.0. Copyright (c) 2009-2015 Kevin Decker. BSD 3-Clause licence. */\n"
_CHARTS = Path(__file__).parent / "vendor" / "vega-bundle.min.js"  # made beforehand: bundling it takes a second
_CHARTS_NOTICE = (
    "/*! Vega, Vega-Lite, Vega-Embed by the University of Washington Interactive Data Lab, BSD 3-Clause licence, and "
    "what they are built on, as vl-convert-python bundles them. */\n"
)
_OURS = ("dom", "decorate", "segment", "filters", "explorer", "leaderboard")
_OF_CHARTS = ("chart_specs", "charts")


@dataclass(frozen=True)
class Scripts:
    """A page's scripts, in the order in which they run.

    Attributes:
        texts: one a ``script`` element.
    """

    texts: tuple[Markup, ...]

    @property
    def policy(self) -> Markup:
        """The page's Content-Security-Policy: these scripts run, styles and drawn images work, nothing is fetched."""
        hashes = (base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode() for text in self.texts)
        allowed = " ".join(f"'sha256-{one}'" for one in hashes)
        return Markup(
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
            f"script-src {allowed}"
        )


@cache
def scripts(*, charts: bool) -> Scripts:
    """The scripts of a page.

    Args:
        charts: whether it draws any; they take most of the room.
    """
    ours = [*(_OF_CHARTS if charts else ()), *_OURS, "start"]
    own = "\n".join((TEMPLATES / f"{name}.js").read_text("utf-8") for name in ours)
    texts = [_DIFF_NOTICE + _DIFF.read_text("utf-8"), f'"use strict";\n{own}']
    if charts:
        texts.insert(1, _CHARTS_NOTICE + _CHARTS.read_text("utf-8"))
    return Scripts(tuple(_inline(text) for text in texts))


@cache
def style() -> Markup:
    """The pages' style sheet."""
    return Markup((TEMPLATES / "report.css").read_text("utf-8"))


def _inline(text: str) -> Markup:
    """A script as it can stand in a page, and as a browser will hash it."""
    text = "\n" + text.replace("\r\n", "\n").replace("\r", "\n").strip() + "\n"
    if "</script" in text.lower() or "<!--" in text:
        raise ValueError("a script that is part of the report would end its own element")
    return Markup(text)
