"""Signs that quotation marks do not pair up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from mteval.garble.base import Evidence, Family, Signal, Text
from mteval.garble.settings import check_strength

_CLOSES = {"“": "”“", "„": "”“", "«": "»", "”": "”"}  # what may close what
_MARK = re.compile('[“”„«»"]|,,(?=\\w)')
_DEPTH = 6  # quotations inside quotations; deeper ones are noise


@dataclass(frozen=True)
class _Open:
    """A quotation that is open: where its mark stands."""

    row: int
    at: int
    mark: str


@dataclass(frozen=True)
class QuotationMarks(Signal):
    """Sees a quotation mark that is closed but never opened, opened but never closed, or straight and left over.

    Quotations may run over several segments, so the whole document is read in order. All of ``„…”``, ``“…”``,
    ``”…”``, ``„…“``, ``«…»``, ``,,…”`` and ``"…”`` count as balanced. An excerpt of a longer text may begin or end
    inside a quotation: a mark that closes before anything was opened, and one still open at the end, say less.

    Args:
        strength: of one mark without its partner.
        spaced_strength: of one that closes what nothing opened, after a space that no other mark there has.
        edge_strength: of one that a document's beginning or end explains, or a segment that opens a quotation anew at
            its start, as paragraphs of a long one rightly do.
        straight_strength: of a document with an odd number of straight marks.

    Raises:
        ConfigError: a strength is not above 0 and up to 1.
    """

    strength: float = 0.3
    spaced_strength: float = 0.5
    edge_strength: float = 0.2
    straight_strength: float = 0.15

    def __post_init__(self) -> None:
        for key in ("strength", "spaced_strength", "edge_strength", "straight_strength"):
            check_strength(f"garble.quotation_marks.{key}", getattr(self, key))

    @property
    def family(self) -> Family:
        return "surface"

    def blind(self, text: Text) -> str | None:
        return None

    def look(self, name: str, text: Text) -> Iterator[Evidence]:
        arrows = not any("«" in line.text for line in text.lines)  # "Read more »" points and quotes nothing
        opened: list[_Open] = []
        straight: list[tuple[int, int]] = []
        spare: Counter[int] = Counter()  # straight marks by segment
        begun = False
        for row, line in enumerate(text.lines):
            airy = any(mark + " " in line.text for mark in "“„«")
            for match in _MARK.finditer(line.text):
                at, mark = match.start(), match.group().replace(",,", "„")
                before, after = line.text[at - 1 : at] if at else "", line.text[match.end() : match.end() + 1]
                if mark == '"':
                    if not before.isdigit():  # inches, seconds
                        straight.append((row, at))
                        spare[row] += 1
                elif mark == "»" and arrows:
                    continue
                elif _closes(opened, mark, before, after):
                    while mark not in _CLOSES[opened.pop().mark]:
                        pass
                elif mark in "“„«" or (mark == "”" and after.isalnum() and not before.isalnum()):
                    yield from self._open(name, text, opened, _Open(row, at, mark))
                    begun = True
                elif spare[row] % 2:
                    spare[row] -= 1  # "text” mixes two styles: ugly, and not unbalanced
                else:
                    spaced = before.isspace() and bool(line.text[max(0, at - 20) : at].strip()) and not airy
                    strength = (self.spaced_strength if spaced else self.strength) if begun else self.edge_strength
                    yield self._evidence(name, text, row, at, strength, f"The mark {mark} closes what nothing opened")
                    begun = True
        for last in opened:
            if spare[last.row] % 2:
                spare[last.row] -= 1
                continue
            strength = self.edge_strength if last is opened[-1] else self.strength
            said = f"The quotation that {last.mark} opens is never closed"
            yield self._evidence(name, text, last.row, last.at, strength, said)
        count = sum(spare.values())
        if count % 2:
            row, at = next(place for place in reversed(straight) if spare[place[0]] % 2)
            said = f"The document has an odd number ({count}) of straight quotation marks"
            yield self._evidence(name, text, row, at, self.straight_strength, said)

    def _open(self, name: str, text: Text, opened: list[_Open], new: _Open) -> Iterator[Evidence]:
        """Open a quotation; one of the same kind from an earlier segment that is still open was never closed."""
        same = [place for place in opened if _CLOSES[place.mark] == _CLOSES[new.mark] and place.row != new.row]
        if same:
            opened.remove(same[-1])
            strength = self.edge_strength if new.at == 0 else self.strength
            said = f"The quotation that {same[-1].mark} opens is not closed before the next one opens"
            yield self._evidence(name, text, same[-1].row, same[-1].at, strength, said)
        opened.append(new)
        del opened[:-_DEPTH]

    def _evidence(self, name: str, text: Text, row: int, at: int, strength: float, said: str) -> Evidence:
        line = text.lines[row]
        words = line.text[max(0, at - 60) : at].split()[-2:]
        where = f", after “{' '.join(words)}”" if words else ""
        end = at + (2 if line.text.startswith(",,", at) else 1)
        return Evidence(name, self.family, line.segment, at, end, strength, f"{said}{where}.")


def _closes(opened: list[_Open], mark: str, before: str, after: str) -> bool:
    """Whether a mark closes one of the open quotations; “ does so only at the end of a word."""
    if mark == "“" and (not before.strip() or after.isalnum()):
        return False
    return any(mark in _CLOSES[place.mark] for place in opened)
