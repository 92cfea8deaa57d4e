"""Counts the tables of word pairs that people do not write, ``mteval/garble/pairs/*.txt``, from texts by people.

    python benchmarks/word_pairs.py DATA

``DATA`` is the folder that ``benchmarks/verdicts.py`` describes; of each origin, three of every ten blocks of 100
segments are held out, and the rate at which pairs of the table turn up there is printed. FLORES is not read.
"""

from __future__ import annotations

import itertools
import json
import lzma
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

PAIRS = Path(__file__).resolve().parent.parent / "mteval" / "garble" / "pairs"
TOKEN = re.compile(r"\w+(?:['’]\w+)?|[^\w\s]")
CEDILLA = str.maketrans("şţŞŢ", "șțȘȚ")
EXPECTED = 6  # times that chance alone would have put the pair together
SHARE = 0.005  # of those times, how many people may have
WORDS = {
    "en": "the a an of to in on at by for with from into onto upon without against between among through during "
    "before after about over under and or but nor if because although while than that which who whom "
    "whose what when where why how this these those my your his her its our their me him us them i you he "
    "she it we they is are was were be been being am has have had having do does did will would shall "
    "should can could may might must not no very more most less some any each every all both such so as "
    "too also only just there here then now yet still",
    "pt": "o a os as um uma uns umas de do da dos das em no na nos nas num numa por pelo pela pelos pelas para "
    "pra com sem sob sobre entre até contra desde após ao aos à às e ou mas nem se que quem qual quais "
    "cujo cuja quando onde como porque porém pois este esta estes estas esse essa esses essas isso isto "
    "aquele aquela aquilo meu minha seu sua seus suas nosso nossa eu ele ela eles elas nós lhe lhes me te "
    "é são foi foram era eram ser sendo está estão estava tem têm tinha há vai vão pode podem deve não "
    "mais menos muito muita muitos muitas todo toda todos todas já ainda também só apenas mesmo cada "
    "qualquer algum alguma alguns algumas nenhum nenhuma outro outra outros outras",
    "ro": "un o niște unei unui unor de la în din cu pe pentru prin spre către despre sub între fără după până "
    "peste asupra contra dintre dintr într și sau dar ci iar dacă că să ca care cine ce când unde cum "
    "deoarece pentru acest această acești aceste acel acea aceea acei acele acestui acestei acestor lui "
    "ei lor său sa săi sale meu mea nostru noastră eu el ea noi voi ele îi îl le i se își mă te ne vă "
    "este e sunt era erau fi fost a au ai am ar vor va voi poate pot trebuie are nu mai foarte mult multă "
    "mulți multe tot toată toți toate doar numai încă deja decât cel cea cei cele al ai ale fiecare orice "
    "alt altă alte alți atât",
}


def tokens(text: str) -> list[str]:
    return [token.casefold() for token in TOKEN.findall(text)]


def texts(data: Path, language: str) -> tuple[list[str], list[str]]:
    """The texts to count and the held-out ones."""
    files = [(f"mono/{language}", "text")]
    files += [(f"parallel/{p}-en", "english") for p in ("pt", "ro")] if language == "en" else []
    files += [(f"parallel/{language}-en", "source")] if language != "en" else []
    files += [("qe/ro-en.train", "source")] if language == "ro" else []
    by_origin: dict[str, list[str]] = defaultdict(list)
    for name, field in files:
        with lzma.open(data / f"{name}.jsonl.xz", "rt", encoding="utf-8") as stream:
            for row in map(json.loads, stream):
                origin = row.get("origin", "").split(":")[0]
                by_origin[f"{name} {origin}"].append(row[field].translate(CEDILLA))
    counted: list[str] = []
    held: list[str] = []
    for lines in by_origin.values():
        for index, line in enumerate(lines):
            (held if index // 100 % 10 in (2, 5, 8) else counted).append(line)
    return counted, held


def main() -> None:
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "mono").is_dir():
        sys.exit("give the folder of the data, with a folder mono in it")
    for language, said in WORDS.items():
        counted, held = texts(Path(sys.argv[1]), language)
        words: Counter[str] = Counter()
        pairs: Counter[tuple[str, str]] = Counter()
        for line in counted:
            found = tokens(line)
            words.update(found)
            pairs.update(itertools.pairwise(found))
        total = sum(words.values())
        table: dict[str, list[str]] = defaultdict(list)
        for first in sorted(set(said.split())):
            for second in sorted(set(said.split())):
                expected = words[first] * words[second] / total
                if first != second and expected >= EXPECTED and pairs[first, second] <= expected * SHARE:
                    table[first].append(second)
        rows = [f"{first}: {' '.join(seconds)}\n" for first, seconds in table.items()]
        (PAIRS / f"{language}.txt").write_text("".join(rows), encoding="utf-8")
        seen, size = 0, 0
        for line in held:
            found = tokens(line)
            size += len(found)
            seen += sum(b in table.get(a, ()) for a, b in itertools.pairwise(found))
        count = sum(map(len, table.values()))
        print(f"{language}: {count} pairs from {total} tokens; {1000 * seen / size:.2f} in 1,000 held-out tokens")


if __name__ == "__main__":
    main()
