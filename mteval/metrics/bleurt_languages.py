"""The languages of RemBERT, on which BLEURT-20 is built (Chung et al. 2021; the card of ``google/rembert``)."""

from __future__ import annotations

_CODES = """
    af am ar az be bg bn bs ca ceb co cs cy da de el en eo es et eu fa fi fil fr fy ga gd gl gu ha haw he hi hmn hr ht
    hu hy id ig is it ja jv ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my nb ne nl nn no ny pa pl ps pt
    ro ru sd si sk sl sm sn so sq sr st su sv sw ta te tg th tr uk ur uz vi xh yi yo zh zu
"""
REMBERT: tuple[str, ...] = tuple(_CODES.split())
"""Base codes of those that its card names; Norwegian is there under each of its three codes."""
