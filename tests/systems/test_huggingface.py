"""Checkpoints of the transformers library: loading, languages, decoding, what must not pass in silence, the hub."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from mteval import checkpoint as checkpoints
from mteval.errors import ConfigError, GatedError, MtevalError, UnavailableError
from mteval.lang import LangPair
from mteval.segment import EvalSet, Segment
from mteval.systems import huggingface_fakes
from mteval.systems.base import Output
from mteval.systems.huggingface import HuggingFace
from mteval.systems.huggingface_languages import codes_in, find_code

CONFIGS = Path(__file__).parents[2] / "configs" / "systems"
PT_EN = LangPair("pt", "en")
RO_EN = LangPair("ro", "en")
SOURCES = (
    "O cão foi à praia.",
    "Às vezes, à tarde, põe-se o sol e tudo fica em silêncio.",
    "Olá",
    "Não sei.\nEle disse: não.",
    "nu",
    "Da, așa este! Ştirile de astăzi sunt bune.",
    "a b c d e f",
)
# Seeds whose hypotheses differ between sources and languages, and end early, late and not at all.
FAMILIES = {"marian": 2, "m2m100": 0, "nllb": 1, "mbart50": 1, "t5": 4}
SETTINGS: dict[str, dict[str, Any]] = {"marian": {"pairs": ["pt-en", "ro-en"]}}


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """A checkpoint of each family."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on a busy machine several threads take ten times as long over models as tiny as these
    root = tmp_path_factory.mktemp("checkpoints")
    yield {f: getattr(huggingface_fakes, f"write_{f}")(root / f, seed=seed) for f, seed in FAMILIES.items()}
    torch.set_num_threads(threads)


@pytest.fixture
def copy(folders: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """Copies a family's checkpoint to where a test may spoil it."""
    return lambda family: Path(shutil.copytree(folders[family], tmp_path / family))


def segments(*sources: str) -> list[Segment]:
    return [Segment(f"000:{number}", source, "000", "test") for number, source in enumerate(sources, 1)]


def translate(system: HuggingFace, sources: Sequence[str] = SOURCES, pair: LangPair = PT_EN) -> list[str]:
    """Hypotheses in order, each position given exactly once."""
    made = list(system.translate(segments(*sources), pair, {}))
    assert sorted(position for position, _ in made) == list(range(len(sources)))
    return [output.text for _, output in sorted(made, key=lambda one: one[0])]


def notices(system: HuggingFace, sources: Sequence[str] = SOURCES) -> dict[int, str]:
    """What was noticed of the sources, by their number from 1."""
    made = system.translate(segments(*sources), PT_EN, {})
    return {position + 1: " ".join(output.notices) for position, output in made if output.notices}


def of(folder: Path, **settings: Any) -> HuggingFace:
    return HuggingFace(str(folder), **{"max_length": 40, "device": "cpu"} | settings)


def fed(system: HuggingFace, sources: Sequence[str], pair: LangPair) -> tuple[list[list[str]], list[str]]:
    """The tokens that the encoder was given, without padding, a list a source; and each second decoder token."""
    model, reader = system._model, system._reader
    read: list[list[int]] = []
    steps: list[list[int]] = []

    def encoder(module: Any, args: Any, kwargs: Any) -> None:
        for row, mask in zip(kwargs["input_ids"].tolist(), kwargs["attention_mask"].tolist(), strict=True):
            read.append([token for token, real in zip(row, mask, strict=True) if real])

    def decoder(module: Any, args: Any, kwargs: Any) -> None:
        steps.append(kwargs["input_ids"][:, -1].tolist())

    hooks = [
        model.weights.get_encoder().register_forward_pre_hook(encoder, with_kwargs=True),
        model.weights.get_decoder().register_forward_pre_hook(decoder, with_kwargs=True),
    ]
    translate(system, sources, pair)
    for hook in hooks:
        hook.remove()
    second = reader.tokenizer.convert_ids_to_tokens(steps[1]) if len(steps) > 1 else []
    return [reader.tokenizer.convert_ids_to_tokens(row) for row in read], second


# Decoding


@pytest.mark.parametrize("beam_size", [1, 4])
@pytest.mark.parametrize("family", FAMILIES)
def test_equals_transformers_used_by_hand(folders: dict[str, Path], family: str, beam_size: int) -> None:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    warnings.filterwarnings("ignore", "Recommended: pip install sacremoses")
    tokenizer = AutoTokenizer.from_pretrained(folders[family])
    model = AutoModelForSeq2SeqLM.from_pretrained(folders[family])
    codes = {"m2m100": ("ro", "en"), "nllb": ("ron_Latn", "eng_Latn"), "mbart50": ("ro_RO", "en_XX")}
    settings: dict[str, Any] = {"num_beams": beam_size, "max_new_tokens": 40, "forced_eos_token_id": None}
    if family in codes:
        tokenizer.src_lang, target = codes[family]
        name = f"__{target}__" if family == "m2m100" else target
        settings["forced_bos_token_id"] = tokenizer.convert_tokens_to_ids(name)
    expected = []
    for source in SOURCES:
        inputs = tokenizer("<2en> " + source if family == "t5" else source, return_tensors="pt")
        output = model.generate(inputs.input_ids, attention_mask=inputs.attention_mask, **settings)
        expected += tokenizer.batch_decode(output, skip_special_tokens=True)
    system = of(folders[family], beam_size=beam_size, **SETTINGS.get(family, {}))
    assert translate(system, pair=RO_EN) == [text.strip() for text in expected]
    assert len(set(expected)) > len(SOURCES) // 2


@pytest.mark.parametrize("family", FAMILIES)
def test_batches_do_not_change_hypotheses(folders: dict[str, Path], family: str) -> None:
    settings = SETTINGS.get(family, {})
    alone, some, all_at_once = (of(folders[family], batch_size=size, **settings) for size in (1, 100, 10_000))
    assert translate(alone) == translate(some) == translate(all_at_once)
    assert notices(alone) == notices(some) == notices(all_at_once)
    assert translate(some) == translate(some, SOURCES[::-1])[::-1]


def test_batches_hold_the_longest_first_and_no_more_tokens_than_asked_for(folders: dict[str, Path]) -> None:
    system = of(folders["nllb"], batch_size=60)
    shapes: list[tuple[int, ...]] = []
    system._model.weights.get_encoder().register_forward_pre_hook(
        lambda module, args, kwargs: shapes.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True
    )
    translate(system)
    assert sum(rows for rows, _ in shapes) == len(SOURCES)
    assert all(rows == 1 or rows * width <= 60 for rows, width in shapes)
    assert max(rows for rows, _ in shapes) > 1
    assert [width for _, width in shapes] == sorted((width for _, width in shapes), reverse=True)


def test_hypotheses_are_yielded_batch_by_batch(folders: dict[str, Path]) -> None:
    system = of(folders["nllb"], batch_size=1)
    calls = []
    made = system.translate(segments(*SOURCES), PT_EN, {})
    system._model.weights.get_encoder().register_forward_pre_hook(lambda module, args: calls.append(1))
    assert next(made)[0] == 1  # the longest source
    assert len(calls) == 1
    assert len(list(made)) == len(SOURCES) - 1


def test_identical_sources_are_translated_once(folders: dict[str, Path]) -> None:
    system = of(folders["nllb"])
    read, _ = fed(system, ["Olá", "nu", "Olá", "Olá"], PT_EN)
    assert len(read) == 2
    texts = translate(system, ["Olá", "nu", "Olá", "Olá"])
    assert texts[0] == texts[2] == texts[3] == translate(system, ["Olá"])[0]
    assert texts[1] == translate(system, ["nu"])[0] != texts[0]


def test_empty_sources_need_no_model(folders: dict[str, Path]) -> None:
    system = of(folders["nllb"])
    assert translate(system, ["", " \n "]) == ["", ""]
    assert "weights" not in vars(system._model)
    assert translate(system, ["", "Olá", "\t"]) == ["", translate(system, ["Olá"])[0], ""]


def test_checkpoints_own_decoding_settings_do_not_count(copy: Callable[[str], Path]) -> None:
    folder = copy("marian")
    expected = translate(of(folder, pairs=["pt-en"]))
    path = folder / "generation_config.json"
    shipped = json.loads(path.read_text())
    own = {"num_beams": 2, "max_length": 5, "min_length": 30, "no_repeat_ngram_size": 1, "length_penalty": 0.1}
    path.write_text(json.dumps(shipped | own | {"do_sample": True, "repetition_penalty": 3.0, "early_stopping": True}))
    assert translate(of(folder, pairs=["pt-en"])) == expected


def test_checkpoints_forbidden_tokens_count(copy: Callable[[str], Path]) -> None:
    folder = copy("marian")
    greedy = {"pairs": ["pt-en"], "beam_size": 1}
    assert "&" in "".join(translate(of(folder, **greedy)))
    letter = json.loads((folder / "vocab.json").read_text())["&"]
    path = folder / "generation_config.json"
    shipped = json.loads(path.read_text())
    path.write_text(json.dumps(shipped | {"bad_words_ids": [*shipped["bad_words_ids"], [letter]]}))
    assert "&" not in "".join(translate(of(folder, **greedy)))


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", "float32"), ("bf16", "bfloat16"), ("fp16", "float16")])
def test_precision_is_that_of_the_weights(folders: dict[str, Path], precision: str, dtype: str) -> None:
    system = of(folders["nllb"], precision=precision)
    assert any(translate(system))
    assert {str(weight.dtype) for weight in system._model.weights.parameters()} == {f"torch.{dtype}"}


def test_weights_are_loaded_again_after_close(folders: dict[str, Path]) -> None:
    system = of(folders["nllb"])
    system.close()
    expected = translate(system)
    system.close()
    assert "weights" not in vars(system._model)
    assert translate(system) == expected


def test_loading_and_translating_says_nothing_on_stderr(folders: dict[str, Path]) -> None:
    code = """
import sys
from mteval.lang import LangPair
from mteval.segment import Segment
from mteval.systems.huggingface import HuggingFace
pair = LangPair("pt", "en")
for family, folder in zip(sys.argv[1::2], sys.argv[2::2]):
    system = HuggingFace(folder, pairs=["pt-en"], device="cpu", max_length=20)
    system.check(pair)
    system.signature(pair)
    print(family, len(list(system.translate([Segment("1", "Olá " * 300, "0", "x")], pair, {}))))
"""
    names = [text for family, folder in folders.items() for text in (family, str(folder))]
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, check=True)
    assert (done.stdout.split(), done.stderr) == ([text for family in folders for text in (family, "1")], "")


def test_building_loads_no_libraries_and_touches_nothing() -> None:
    code = """
import sys
from mteval.systems.huggingface import HuggingFace
HuggingFace("nobody/nothing", pairs=["pt-en"])
print({"torch", "transformers", "huggingface_hub", "requests"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# Languages


@pytest.mark.parametrize(
    ("family", "first", "last", "second"),
    [
        ("nllb", "por_Latn", "</s>", "eng_Latn"),
        ("m2m100", "__pt__", "</s>", "__en__"),
        ("mbart50", "pt_XX", "</s>", "en_XX"),
    ],
)
def test_language_tokens_are_set(folders: dict[str, Path], family: str, first: str, last: str, second: str) -> None:
    read, begun = fed(of(folders[family]), ["Olá", "nu"], PT_EN)
    assert [(row[0], row[-1]) for row in read] == [(first, last)] * 2
    assert set(begun) == {second}


def test_language_tokens_follow_the_pair_even_where_translations_are_interleaved(folders: dict[str, Path]) -> None:
    system = of(folders["nllb"], batch_size=1)
    alone = {pair: translate(system, pair=pair) for pair in (PT_EN, RO_EN, LangPair("en", "ro"))}
    assert len({tuple(texts) for texts in alone.values()}) == 3
    running = {pair: system.translate(segments(*SOURCES), pair, {}) for pair in alone}
    made: dict[LangPair, dict[int, str]] = {pair: {} for pair in alone}
    for _ in SOURCES:
        for pair, translation in running.items():
            position, output = next(translation)
            made[pair][position] = output.text
    assert {pair: [texts[p] for p in sorted(texts)] for pair, texts in made.items()} == alone


def test_t5_prefix_names_the_target(folders: dict[str, Path]) -> None:
    read, _ = fed(of(folders["t5"]), ["Olá"], LangPair("en", "ro"))
    assert [token for token in read[0] if token != "▁"] == ["<2ro>", "O", "l", "á", "</s>"]


def test_marian_prefix_names_the_target_where_there_are_several(tmp_path: Path) -> None:
    folder = huggingface_fakes.write_marian(tmp_path / "m", source="en", targets=("por", "pt_br", "ron"))
    expected = {"pt": ">>por<<", "pt_BR": ">>pt_br<<", "ro": ">>ron<<"}
    for target, token in expected.items():
        read, _ = fed(of(folder), ["Yes"], LangPair("en", target))
        assert [token for token in read[0] if token != "▁"] == [token, "Y", "e", "s", "</s>"]
    read, _ = fed(of(folder, language_codes={"pt": "pt_br"}), ["Yes"], LangPair("en", "pt"))
    assert read[0][0] == ">>pt_br<<"


def test_marian_with_one_target_needs_no_prefix_though_codes_stray_into_its_vocabulary(tmp_path: Path) -> None:
    folder = huggingface_fakes.write_marian(tmp_path / "m", targets=("fra", "spa"))
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"target_lang": "en"}))
    read, _ = fed(of(folder, pairs=["pt-en"]), ["Olá"], PT_EN)
    assert read == [["▁", "O", "l", "á", "</s>"]]
    read, _ = fed(of(folder, pairs=["pt-fr"]), ["Olá"], LangPair("pt", "fr"))
    assert read[0][0] == ">>fra<<"


def test_marian_with_one_target_is_fed_the_source_alone(folders: dict[str, Path]) -> None:
    read, _ = fed(of(folders["marian"], pairs=["pt-en"]), ["Olá"], PT_EN)
    assert read == [["▁", "O", "l", "á", "</s>"]]


def test_prefix_is_taken_to_the_letter(tmp_path: Path) -> None:
    folder = huggingface_fakes.write_t5(tmp_path / "t5", targets=())
    with pytest.raises(ConfigError, match=r"^prefix: "):
        of(folder).check(PT_EN)
    system = of(folder, prefix="to English: ", pairs=["pt-en"])
    system.check(PT_EN)
    read, _ = fed(system, ["Olá"], PT_EN)
    assert "".join(read[0]).replace("▁", " ").strip() == "to English: Olá</s>"


def test_codes_of_all_nllb_languages_are_found() -> None:
    from transformers.models.nllb.tokenization_nllb_fast import FAIRSEQ_LANGUAGE_CODES

    known = codes_in([*FAIRSEQ_LANGUAGE_CODES, "<s>", "</s>", "▁a"], "nllb")
    assert known == set(FAIRSEQ_LANGUAGE_CODES)
    assert {code: find_code(code, "nllb", known) for code in known} == {code: code for code in known}
    expected = {
        "pt": "por_Latn", "ro": "ron_Latn", "en": "eng_Latn", "pt_BR": "por_Latn", "por": "por_Latn", "zh": "zho_Hans",
        "zh_TW": "zho_Hant", "zh_Hant": "zho_Hant", "yue": "yue_Hant", "ar": "arb_Arab", "fa": "pes_Arab",
        "fa_AF": "prs_Arab", "no": "nob_Latn", "nb": "nob_Latn", "nn": "nno_Latn", "sw": "swh_Latn", "ko": "kor_Hang",
        "sr": "srp_Cyrl", "lv": "lvs_Latn", "et": "est_Latn", "sq": "als_Latn", "ms": "zsm_Latn", "mn": "khk_Cyrl",
        "ps": "pbt_Arab", "ku": "kmr_Latn", "uz": "uzn_Latn", "az": "azj_Latn", "or": "ory_Orya", "fil": "tgl_Latn",
        "he": "heb_Hebr", "ja": "jpn_Jpan", "sr_Latn": None, "fy": None,
    }  # fmt: skip
    assert {language: find_code(language, "nllb", known) for language in expected} == expected


@pytest.mark.parametrize(
    ("family", "known", "expected"),
    [
        ("m2m100", ["pt", "ro", "en", "zh", "no", "ns", "tl"],
         {"pt": "pt", "pt_BR": "pt", "ron": "ro", "nb": "no", "nso": "ns", "fil": "tl", "zh": "zh", "zh_Hant": None}),
        ("mbart50", ["pt_XX", "ro_RO", "en_XX", "zh_CN", "tl_XX"],
         {"pt": "pt_XX", "ro": "ro_RO", "eng": "en_XX", "zh": "zh_CN", "zh_TW": None, "fil": "tl_XX", "fr": None}),
        ("t5", ["pt", "iw", "no", "fil", "zh", "zh_Hant"],
         {"pt_PT": "pt", "he": "iw", "nb": "no", "tl": "fil", "zh_TW": "zh_Hant", "zh_Hans": "zh"}),
        ("marian", ["por", "pt_br", "cmn_Hans", "cmn_Hant", "srp_Latn"],
         {"pt": "por", "pt_BR": "pt_br", "zh": "cmn_Hans", "zh_HK": "cmn_Hant", "sr_Latn": "srp_Latn", "sr": None}),
        ("plain", [], {"pt": None}),
    ],
)  # fmt: skip
def test_codes_are_found(family: str, known: list[str], expected: dict[str, str | None]) -> None:
    assert {language: find_code(language, family, known) for language in expected} == expected


def test_unknown_languages_are_refused_before_anything_is_translated(folders: dict[str, Path]) -> None:
    for family in ("nllb", "m2m100", "mbart50", "t5"):
        with pytest.raises(UnavailableError, match="no code for bar"):  # Bavarian
            of(folders[family]).check(LangPair("bar", "en"))
        with pytest.raises(UnavailableError, match="language_codes"):
            of(folders[family]).check(LangPair("en", "bar"))


def test_language_codes_are_overridden_and_checked(folders: dict[str, Path]) -> None:
    system = of(folders["nllb"], language_codes={"bar": "deu_Latn"})
    system.check(LangPair("bar", "en"))
    assert fed(system, ["ja"], LangPair("bar", "en"))[0][0][0] == "deu_Latn"
    with pytest.raises(ConfigError, match=r"^language_codes\.pt: .*'por_Ltn'"):
        of(folders["nllb"], language_codes={"pt": "por_Ltn"}).check(PT_EN)


def test_codes_beyond_the_weights_are_not_known(copy: Callable[[str], Path]) -> None:
    folder = copy("nllb")
    tokenizer = of(folder)._reader.tokenizer
    tokenizer.add_tokens(["bar_Latn"], special_tokens=True)
    tokenizer.save_pretrained(folder)
    assert "bar_Latn" in of(folder)._reader.tokenizer.get_vocab()
    with pytest.raises(UnavailableError, match="no code for bar"):
        of(folder).check(LangPair("bar", "en"))


def test_marian_that_names_a_group_of_languages_needs_pairs(folders: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match=r"^pairs: .*'ROMANCE'"):
        of(folders["marian"]).check(PT_EN)


def test_marian_is_held_to_the_languages_that_it_names(tmp_path: Path) -> None:
    folder = huggingface_fakes.write_marian(tmp_path / "m", source="pt", targets=("en",))
    of(folder).check(PT_EN)
    of(folder).check(LangPair("pt_BR", "en"))
    with pytest.raises(UnavailableError, match="source is pt, not ro"):
        of(folder).check(RO_EN)
    with pytest.raises(UnavailableError, match="target is en, not fr"):
        of(folder).check(LangPair("pt", "fr"))


def test_only_listed_pairs_are_translated(folders: dict[str, Path]) -> None:
    system = of(folders["nllb"], pairs=["pt-en", "ro-en"])
    declined = EvalSet("seeds", LangPair("es", "en"), (), ())
    assert system.declines(EvalSet("seeds", PT_EN, (), ())) is None
    assert "es-en" in str(system.declines(declined))
    assert of(folders["nllb"]).declines(declined) is None
    with pytest.raises(UnavailableError, match="es-en"):
        system.check(declined.pair)


def test_checkpoint_of_one_pair_without_codes(tmp_path: Path, folders: dict[str, Path]) -> None:
    from transformers import BartConfig, BartForConditionalGeneration, PreTrainedTokenizerFast

    PreTrainedTokenizerFast(
        tokenizer_object=huggingface_fakes._characters(("<s>", "<pad>", "</s>", "<unk>")),
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
    ).save_pretrained(tmp_path)
    BartForConditionalGeneration(BartConfig(**huggingface_fakes._size(130))).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match=r"^pairs: "):
        of(tmp_path).check(PT_EN)
    system = of(tmp_path, pairs=["pt-en"])
    system.check(PT_EN)
    assert "family:plain" in str(system.signature(PT_EN))
    assert fed(system, ["Olá"], PT_EN)[0] == [["▁", "O", "l", "á"]]


def test_family_that_is_not_known_is_asked_for(copy: Callable[[str], Path]) -> None:
    folder = copy("mbart50")
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"tokenizer_class": "MBartTokenizer"}))
    with pytest.raises(ConfigError, match=r"^family: .*MBartTokenizer"):
        of(folder).check(PT_EN)


# What must not pass in silence


@pytest.mark.parametrize("family", FAMILIES)
def test_cut_sources_are_noticed(folders: dict[str, Path], family: str, tmp_path: Path) -> None:
    folder = folders[family]
    if family == "t5":  # which has no limit of its own
        folder = Path(shutil.copytree(folder, tmp_path / family))
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"model_max_length": 512}))
    system = of(folder, max_length=5, **SETTINGS.get(family, {}))
    sources = ["a" * 800, "Olá", "a" * 800]
    read, _ = fed(system, sources, PT_EN)
    longest = max(read, key=len)
    assert len(longest) == 512
    assert longest[-1] == "</s>"
    cut = {number: notice for number, notice in notices(system, sources).items() if "source" in notice}
    assert sorted(cut) == [1, 3]
    assert "the encoder takes 512" in cut[1]
    assert int(cut[1].split("source has ")[1].split()[0]) == 800 + len(read[1]) - len(["O", "l", "á"])


def test_source_as_long_as_the_encoder_takes_is_not_cut(folders: dict[str, Path]) -> None:
    system = of(folders["marian"], pairs=["pt-en"])
    read, _ = fed(system, ["a" * 510], PT_EN)  # with ▁ and </s>
    assert len(read[0]) == 512
    assert "source" not in notices(system, ["a" * 510]).get(1, "")


def test_long_sources_are_whole_where_the_encoder_has_no_limit(folders: dict[str, Path]) -> None:
    system = of(folders["t5"], max_length=5)
    read, _ = fed(system, ["a" * 800], PT_EN)
    assert read[0].count("a") == 800
    assert "source" not in notices(system, ["a" * 800]).get(1, "")


@pytest.mark.parametrize("family", FAMILIES)
def test_hypotheses_without_an_end_are_noticed(folders: dict[str, Path], family: str) -> None:
    """All those that one more token makes longer are; some checkpoints force an end at the last token to hide that."""
    settings = SETTINGS.get(family, {})
    short, long = (of(folders[family], beam_size=1, max_length=most, **settings) for most in (12, 13))
    longer = [a != b for a, b in zip(translate(short), translate(long), strict=True)]
    found = notices(short)
    noticed = [number in found for number in range(1, len(SOURCES) + 1)]
    assert all(is_noticed for is_longer, is_noticed in zip(longer, noticed, strict=True) if is_longer)
    assert any(longer)
    if family in ("marian", "nllb", "mbart50"):
        assert not all(noticed)
    assert all("12 tokens (max_length)" in notice for notice in found.values())


def test_control_symbols_in_a_source_are_noticed(folders: dict[str, Path]) -> None:
    system = of(folders["nllb"])
    found = notices(system, ["uma <b>linha</b>", "uma </s> linha"])
    assert [number for number, notice in found.items() if "</s>" in notice] == [2]


# Settings


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("checkpoint", ""),
        ("checkpoint", None),
        ("revision", 1234567),
        ("family", "bert"),
        ("pairs", "pt-en"),
        ("pairs", []),
        ("pairs", ["pt"]),
        ("pairs", ["pt-pt"]),
        ("pairs", [False]),
        ("pairs", {"pt": "en"}),
        ("language_codes", ["por_Latn"]),
        ("language_codes", {False: "nob_Latn"}),
        ("language_codes", {"pt": 3}),
        ("prefix", 3),
        ("prefix", "to English: "),
        ("beam_size", 0),
        ("beam_size", True),
        ("max_length", 2.5),
        ("batch_size", "all"),
        ("precision", "fp8"),
        ("device", "cuda:1"),
    ],
)
def test_wrong_settings_are_refused_by_name(key: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        HuggingFace(**{"checkpoint": "a/b", key: value})  # type: ignore[arg-type]
    assert caught.value.where.split(".")[0] == key
    assert "\n" not in str(caught.value)


def test_one_prefix_serves_one_target() -> None:
    HuggingFace("a/b", prefix=">>por<< ", pairs=["en-pt", "ro-pt"])
    with pytest.raises(ConfigError, match=r"^prefix: "):
        HuggingFace("a/b", prefix=">>por<< ", pairs=["en-pt", "en-ro"])


def test_longer_hypotheses_than_the_decoder_has_positions_for_are_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match=r"^max_length: .*512"):
        of(folders["marian"], pairs=["pt-en"], max_length=513).check(PT_EN)
    system = of(folders["marian"], pairs=["pt-en"], max_length=512, beam_size=1)
    system.check(PT_EN)
    translate(system)
    of(folders["t5"], max_length=5000).check(PT_EN)


def test_missing_cuda_is_named(folders: dict[str, Path]) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("has CUDA")
    with pytest.raises(UnavailableError, match=r"^device: "):
        of(folders["nllb"], device="cuda").check(PT_EN)
    of(folders["nllb"], device="auto").check(PT_EN)


@pytest.mark.parametrize("name", ["opus_mt_romance_en", "nllb_600m", "m2m100_418m", "madlad_3b"])
def test_shipped_configs_build(name: str) -> None:
    settings = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text(encoding="utf-8"))
    assert list(settings) == [name]
    assert settings[name].pop("_target_") == "mteval.systems.huggingface.HuggingFace"
    system = HuggingFace(**settings[name])
    for pair in (PT_EN, RO_EN):
        assert system.declines(EvalSet("seeds", pair, (), ())) is None


# Signatures


def test_signature_holds_what_changes_hypotheses(folders: dict[str, Path]) -> None:
    import torch
    import transformers

    system = of(folders["nllb"], beam_size=3, precision="bf16")
    settings = dict(system.signature(PT_EN).settings)
    assert settings.pop("revision").startswith("sha256:")
    assert settings == {
        "checkpoint": "nllb", "family": "nllb", "codes": "por_Latn>eng_Latn", "prefix": "no", "beam": "3",
        "max_length": "40", "precision": "bf16", "transformers": transformers.__version__, "torch": torch.__version__,
    }  # fmt: skip
    assert system.signature(PT_EN) != system.signature(RO_EN)
    assert of(folders["nllb"]).signature(PT_EN) == of(folders["nllb"], batch_size=7).signature(PT_EN)
    assert "sacremoses" in dict(of(folders["marian"], pairs=["pt-en"]).signature(PT_EN).settings)


def test_signature_follows_the_files_and_not_the_place(folders: dict[str, Path], copy: Callable[[str], Path]) -> None:
    folder = copy("nllb")
    (folder / "README.md").write_text("what it is")
    (folder / "tf_model.h5").write_text("not read")
    before = of(folder).signature(PT_EN)
    assert before == of(folders["nllb"]).signature(PT_EN)
    huggingface_fakes.write_nllb(folder, seed=99)
    assert of(folder).signature(PT_EN) != before


def test_fakes_are_the_same_for_the_same_seed(folders: dict[str, Path], tmp_path: Path) -> None:
    for family, seed in FAMILIES.items():
        again = getattr(huggingface_fakes, f"write_{family}")(tmp_path / family, seed=seed)
        assert checkpoints.find(str(again), None).revision == (checkpoints.find(str(folders[family]), None).revision)


# Folders


@pytest.mark.parametrize(
    ("gone", "message"),
    [("config.json", "no config.json"), ("model.safetensors", "no weights"), ("tokenizer.json", "no tokenizer")],
)
def test_what_a_folder_lacks_is_named(copy: Callable[[str], Path], gone: str, message: str) -> None:
    folder = copy("nllb")
    (folder / gone).unlink()
    with pytest.raises(UnavailableError, match=message) as caught:
        of(folder).check(PT_EN)
    assert caught.value.where == str(folder)


def test_git_lfs_pointers_are_named(copy: Callable[[str], Path]) -> None:
    folder = copy("nllb")
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(UnavailableError, match=r"model\.safetensors is only Git's pointer"):
        of(folder).check(PT_EN)


def test_missing_folder_is_no_hub_name(tmp_path: Path) -> None:
    for path in (str(tmp_path / "none"), "./none", "models/opus/none", "~/none/at/all"):
        with pytest.raises(UnavailableError, match="no such folder"):
            HuggingFace(path).check(PT_EN)


def test_folder_has_no_revisions(folders: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match=r"^revision: "):
        of(folders["nllb"], revision="main").check(PT_EN)


@pytest.mark.parametrize(
    ("family", "file"), [("marian", "source.spm"), ("nllb", "tokenizer.json"), ("t5", "config.json")]
)
def test_broken_files_are_refused_before_anything_is_translated(
    copy: Callable[[str], Path], family: str, file: str
) -> None:
    folder = copy(family)
    (folder / file).write_bytes(b"\0broken")
    with pytest.raises(UnavailableError, match=r"cannot be loaded|json is cut off, or no JSON") as caught:
        of(folder, pairs=["pt-en"]).check(PT_EN)
    assert "\n" not in str(caught.value)


def test_broken_and_missing_weights_are_refused(copy: Callable[[str], Path]) -> None:
    from safetensors.torch import load_file, save_file

    folder = copy("nllb")
    path = folder / "model.safetensors"
    weights = load_file(path)
    name = "model.decoder.layers.0.fc1.weight"
    save_file({key: value for key, value in weights.items() if key != name}, path, metadata={"format": "pt"})
    with pytest.raises(UnavailableError, match=rf"1 of its weights are missing, {name}"):
        translate(of(folder))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(UnavailableError, match=r"model\.safetensors is cut off: it has 5000 bytes of"):
        translate(of(folder))


def test_checkpoint_without_a_decoder_is_refused(copy: Callable[[str], Path]) -> None:
    folder = copy("nllb")
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ConfigError, match=r"^checkpoint: .*bert"):
        of(folder).check(PT_EN)


OWN_CODE = """
from pathlib import Path
from transformers import M2M100Config, M2M100ForConditionalGeneration

Path({ran!r}).touch()

class Config(M2M100Config):
    model_type = "own"

class Model(M2M100ForConditionalGeneration):
    config_class = Config
"""


def test_code_that_a_checkpoint_brings_along_is_run_only_where_the_user_says_so(
    copy: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    folder, ran = copy("nllb"), tmp_path / "ran"
    expected, known = translate(of(folder)), of(folder).signature(PT_EN)
    told = json.loads((folder / "config.json").read_text())
    told |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModelForSeq2SeqLM": "own.Model"}}
    (folder / "config.json").write_text(json.dumps(told))
    (folder / "own.py").write_text(OWN_CODE.format(ran=str(ran)))
    with pytest.raises(UnavailableError, match=r"needs Python code .*, which is not run; .*trust_remote_code=true"):
        of(folder).check(PT_EN)
    assert not ran.exists()
    trusting = of(folder, trust_remote_code=True)
    trusting.check(PT_EN)
    assert ran.exists()
    assert translate(trusting) == expected
    signature = trusting.signature(PT_EN)
    assert ("code:trusted" in str(signature), "code:" in str(known)) == (True, False)
    (folder / "own.py").write_text(OWN_CODE.format(ran=str(ran)) + "# changed")
    assert of(folder, trust_remote_code=True).signature(PT_EN) != signature
    (folder / "own.py").unlink()
    with pytest.raises(UnavailableError, match=r"has no own.py, the code that config.json names"):
        of(folder, trust_remote_code=True).check(PT_EN)


def test_shards_and_older_weights_give_the_same_hypotheses(
    folders: dict[str, Path], copy: Callable[[str], Path]
) -> None:
    from transformers import AutoModelForSeq2SeqLM

    expected = translate(of(folders["nllb"]))
    folder = copy("nllb")
    model = AutoModelForSeq2SeqLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    shards = sorted(folder.glob("model-*.safetensors"))
    assert len(shards) > 1
    assert translate(of(folder)) == expected
    digest = of(folder).signature(PT_EN)
    shards[-1].rename(folder / "elsewhere")
    with pytest.raises(UnavailableError, match=shards[-1].name):
        of(folder).check(PT_EN)
    (folder / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(UnavailableError, match="not an index"):
        of(folder).check(PT_EN)
    for path in folder.glob("model*"):
        path.unlink()
    model.save_pretrained(folder, safe_serialization=False)
    assert (folder / "pytorch_model.bin").is_file()
    assert translate(of(folder)) == expected
    assert of(folder).signature(PT_EN) != digest


# The hub


class Hub(ThreadingHTTPServer):
    """A hub on this machine with one checkpoint, ``org/nllb``, and ``org/gated`` behind a licence."""

    commit = "0123456789abcdef0123456789abcdef01234567"

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.folder = folder
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub = self.server
        hub.asked.append(self.path)
        _, *parts = self.path.split("/")
        if parts[:2] == ["api", "models"]:
            name, revision = "/".join(parts[2:4]), (parts[5] if len(parts) > 5 else "main")
            if name not in ("org/nllb", "org/gated"):
                return self._refuse(401, "RepoNotFound")
            if revision not in ("main", "v1", hub.commit):
                return self._refuse(404, "RevisionNotFound")
            files = [{"rfilename": path.name} for path in sorted(hub.folder.iterdir())]
            body = {"id": name, "sha": hub.commit, "siblings": [*files, {"rfilename": "onnx/model.onnx"}]}
            return self._give(json.dumps(body).encode(), "application/json")
        if parts[:2] == ["org", "gated"]:
            return self._refuse(403, "GatedRepo")
        return self._give((hub.folder / parts[-1]).read_bytes(), "application/octet-stream")

    def _give(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        headers = {"Content-Type": kind, "Content-Length": len(body), "X-Repo-Commit": self.server.commit}
        for key, value in (headers | {"ETag": f'"{hash(body):x}"'}).items():
            self.send_header(key, str(value))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub(copy: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants

    folder = copy("nllb")
    for name in ("pytorch_model.bin", "tf_model.h5", "README.md", "model.gguf"):
        (folder / name).write_text("not for us")
    server = Hub(folder)
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.file_download.HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_checkpoint_comes_from_the_hub_and_then_from_the_cache(hub: Hub, folders: dict[str, Path]) -> None:
    system = HuggingFace("org/nllb", max_length=40, device="cpu")
    system.check(PT_EN)
    fetched = {path.rsplit("/", 1)[1] for path in hub.asked if "/resolve/" in path}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= fetched
    assert not fetched & {"pytorch_model.bin", "tf_model.h5", "README.md", "model.gguf", "model.onnx"}
    signature = dict(system.signature(PT_EN).settings)
    assert (signature["checkpoint"], signature["revision"]) == ("org/nllb", Hub.commit)
    assert translate(system) == translate(of(folders["nllb"]))

    hub.asked.clear()
    HuggingFace("org/nllb", revision=Hub.commit, device="cpu").check(PT_EN)
    assert hub.asked == []  # a commit never changes
    HuggingFace("org/nllb", device="cpu").check(PT_EN)
    assert hub.asked
    assert not [path for path in hub.asked if "/resolve/" in path]

    hub.shutdown()
    hub.server_close()
    assert HuggingFace("org/nllb", max_length=40, device="cpu").signature(PT_EN) == system.signature(PT_EN)
    with pytest.raises(UnavailableError, match="cannot be reached"):
        HuggingFace("org/nllb", revision="v1", device="cpu").check(PT_EN)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"checkpoint": "org/gated"}, GatedError, "licence.*https://huggingface.co/org/gated"),
        ({"checkpoint": "org/none"}, UnavailableError, "no such checkpoint"),
        ({"checkpoint": "org/nllb", "revision": "v2"}, UnavailableError, "no revision 'v2'"),
        ({"checkpoint": "not a name!"}, ConfigError, "^checkpoint: "),
    ],
)
def test_what_the_hub_refuses_is_named(
    hub: Hub, settings: dict[str, str], error: type[MtevalError], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        HuggingFace(**settings, device="cpu").check(PT_EN)
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)


def test_incomplete_checkpoint_on_the_hub_is_named(hub: Hub) -> None:
    (hub.folder / "tokenizer.json").unlink()
    with pytest.raises(UnavailableError, match="the checkpoint has no tokenizer"):
        HuggingFace("org/nllb", device="cpu").check(PT_EN)


def test_hub_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    from huggingface_hub import constants

    monkeypatch.setattr(checkpoints, "TIMEOUT", 1.0)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        with pytest.raises(UnavailableError, match="cannot be reached"):
            HuggingFace("org/nllb").check(PT_EN)
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    ("surroundings", "problem"),
    [
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "the hub cannot be reached"),
        ({"HF_HUB_OFFLINE": "1"}, "is not in the hub's cache, and this run is offline"),
    ],
)
def test_unreachable_hub_is_one_line_within_seconds(tmp_path: Path, surroundings: dict[str, str], problem: str) -> None:
    code = """
import time
from mteval.errors import UnavailableError
from mteval.lang import LangPair
from mteval.systems.huggingface import HuggingFace
begun = time.monotonic()
try:
    HuggingFace("facebook/nllb-200-distilled-600M").check(LangPair("pt", "en"))
except UnavailableError as error:
    print(error)
print(time.monotonic() - begun)
"""
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0", **surroundings}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    line, seconds = done.stdout.splitlines()
    assert line.startswith(f"facebook/nllb-200-distilled-600M: {problem}")
    assert "give the folder as checkpoint" in line
    assert float(seconds) < 10
    assert done.stderr == ""


# Proposals


def proposals(
    system: HuggingFace, count: int, sources: Sequence[str] = SOURCES, pair: LangPair = PT_EN
) -> list[tuple[Output, ...]]:
    """Proposals in order, each position given exactly once."""
    made = list(system.propose(segments(*sources), pair, count))
    assert sorted(position for position, _ in made) == list(range(len(sources)))
    return [outputs for _, outputs in sorted(made, key=lambda one: one[0])]


def of_texts(found: Sequence[Sequence[Output]]) -> list[list[str]]:
    return [[output.text for output in outputs] for outputs in found]


@pytest.mark.parametrize("family", ["marian", "nllb", "t5"])
def test_proposals_are_the_beams_of_transformers_used_by_hand(folders: dict[str, Path], family: str) -> None:
    system = of(folders[family], beam_size=2, **SETTINGS.get(family, {}))
    found = of_texts(proposals(system, 5))
    reader, route = system._reader, system._route(PT_EN)
    for source, texts in zip(SOURCES, found, strict=True):
        ids, _ = reader.read(route.prefix + source, route.source)
        output = system._model.weights.generate(
            _tensor([ids]),
            num_beams=5,
            num_return_sequences=5,
            max_new_tokens=40,
            forced_bos_token_id=route.first,
            forced_eos_token_id=None,
            do_sample=False,
        )
        assert texts == [t.strip() for t in reader.tokenizer.batch_decode(output, skip_special_tokens=True)]
    assert all(len(set(texts)) > 1 for texts in found)


def _tensor(rows: list[list[int]]) -> Any:
    import torch

    return torch.tensor(rows)


def test_the_best_proposal_is_the_translation_where_the_beam_is_as_wide(folders: dict[str, Path]) -> None:
    system = of(folders["nllb"], beam_size=4)
    assert [texts[0] for texts in of_texts(proposals(system, 3))] == translate(system)
    (one, *_) = proposals(system, 1)
    assert len(one) == 1


def test_batches_do_not_change_proposals(folders: dict[str, Path]) -> None:
    for sampling in (None, {"seed": 3}):
        alone, some = (of(folders["nllb"], batch_size=size, sampling=sampling) for size in (1, 400))
        assert proposals(alone, 6) == proposals(some, 6)
        assert proposals(some, 6, SOURCES[::-1])[::-1] == proposals(some, 6)


def test_samples_follow_the_seed_and_the_source_alone(folders: dict[str, Path]) -> None:
    system = of(folders["nllb"], sampling={"seed": 3})
    found = of_texts(proposals(system, 8, ["Olá", "nu", "Olá"]))
    assert found[0] == found[2] != found[1]
    assert len(set(found[0])) > 4
    assert of_texts(proposals(system, 3, ["Olá"]))[0] == found[0][:3]
    assert of_texts(proposals(of(folders["nllb"], sampling={"seed": 4}), 8, ["Olá"]))[0] != found[0]
    cold = of(folders["nllb"], beam_size=1, sampling={"temperature": 0.001})
    assert of_texts(proposals(cold, 2)) == [[text] * 2 for text in translate(cold)]  # greedy search
    assert translate(system) == translate(of(folders["nllb"]))  # translations are never drawn


def test_proposals_have_notices_of_their_own(folders: dict[str, Path]) -> None:
    found = proposals(of(folders["nllb"], max_length=6, sampling={"seed": 1}), 12, ["Olá", "", "a </s>"])
    said = [bool(output.notices) for output in found[0]]
    assert 0 < sum(said) < len(said)
    assert all("max_length" in notice for output in found[0] for notice in output.notices)
    assert found[1] == (Output(""),)
    assert all("control symbol" in output.notices[0] for output in found[2])


def test_signature_of_proposals_holds_what_changes_them(folders: dict[str, Path]) -> None:
    best, drawn = of(folders["nllb"], beam_size=3), of(folders["nllb"], sampling={"seed": 3})
    settings = dict(best.signature_of_proposals(PT_EN, 8).settings)
    assert (settings["beam"], settings["proposals"]) == ("8", "8")
    assert dict(best.signature_of_proposals(PT_EN, 2).settings)["beam"] == "3"
    assert settings.items() - dict(best.signature(PT_EN).settings).items() == {("beam", "8"), ("proposals", "8")}
    sampled = dict(drawn.signature_of_proposals(PT_EN, 8).settings)
    assert sampled["sampling"] == "temperature=1,top_p=1,epsilon_cutoff=0,seed=3"
    assert "beam" not in sampled
    assert drawn.signature(PT_EN) == of(folders["nllb"]).signature(PT_EN)


def test_wrong_sampling_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^sampling\.top_p: "):
        HuggingFace("a/b", sampling={"top_p": 0})
