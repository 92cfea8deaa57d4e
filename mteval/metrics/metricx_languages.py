"""The languages of mC4, on which mT5 and so every MetricX was trained (Xue et al. 2021, table 6)."""

from __future__ import annotations

_CODES = """
    af am ar az be bg bn ca ceb co cs cy da de el en eo es et eu fa fi fil fr fy ga gd gl gu ha haw he hi hmn ht hu hy
    id ig is it ja jv ka kk km kn ko ku ky la lb lo lt lv mg mi mk ml mn mr ms mt my nb ne nl nn no ny pa pl ps pt ro ru
    sd si sk sl sm sn so sq sr st su sv sw ta te tg th tr uk ur uz vi xh yi yo zh zu
"""
MT5: tuple[str, ...] = tuple(_CODES.split())
"""Base codes of its 101 languages; Norwegian is there under each of its three codes."""
