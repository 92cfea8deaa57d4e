"""CTranslate2: conversion and its cache, parity with HuggingFace, int8, languages, notices, proposals."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ctranslate2
import pytest
import yaml

from mteval.errors import ConfigError, OutputError, UnavailableError
from mteval.lang import LangPair
from mteval.segment import EvalSet, Segment
from mteval.systems import huggingface_fakes
from mteval.systems.base import Output
from mteval.systems.huggingface import HuggingFace
from mteval.systems.huggingface_ctranslate2 import CTranslate2
from mteval.systems.huggingface_ctranslate2_engine import find_threads

CONFIGS = Path(__file__).parents[2] / "configs" / "systems"
PT_EN = LangPair("pt", "en")
SOURCES = (
    "O cão foi à praia.",
    "Às vezes, à tarde, põe-se o sol e tudo fica em silêncio.",
    "Olá",
    "Não sei.\nEle disse: não.",
    "nu",
    "Da, așa este! Ştirile de astăzi sunt bune.",
    "a b c d e f",
)
# Seeds whose beam search ends alike in both engines, though one of them looks further for better hypotheses.
FAMILIES = {"marian": 0, "m2m100": 0, "nllb": 1, "mbart50": 1, "t5": 4}
SETTINGS: dict[str, dict[str, Any]] = {"marian": {"pairs": ["pt-en", "ro-en"]}}

pytestmark = pytest.mark.filterwarnings("ignore:Recommended. pip install sacremoses")


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on a busy machine several threads take ten times as long over models as tiny as these
    yield tmp_path_factory.mktemp("ctranslate2")
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def folders(root: Path) -> dict[str, Path]:
    """A checkpoint of each family."""
    return {f: getattr(huggingface_fakes, f"write_{f}")(root / f, seed=seed) for f, seed in FAMILIES.items()}


@pytest.fixture
def of(root: Path, folders: dict[str, Path]) -> Callable[..., CTranslate2]:
    """A system on a family's checkpoint, or on a folder, with a cache that all tests share."""

    def made(checkpoint: str | Path, **settings: Any) -> CTranslate2:
        folder = folders.get(str(checkpoint), checkpoint)
        default = {"max_length": 40, "intra_threads": 1, "cache": str(root / "cache")}
        return CTranslate2(str(folder), **default | SETTINGS.get(str(checkpoint), {}) | settings)

    return made


def segments(*sources: str) -> list[Segment]:
    return [Segment(f"000:{number}", source, "000", "test") for number, source in enumerate(sources, 1)]


def outputs(
    system: CTranslate2 | HuggingFace, sources: Sequence[str] = SOURCES, pair: LangPair = PT_EN
) -> list[Output]:
    """Outputs in order, each position given exactly once."""
    made = list(system.translate(segments(*sources), pair, {}))
    assert sorted(position for position, _ in made) == list(range(len(sources)))
    return [output for _, output in sorted(made, key=lambda one: one[0])]


def translate(system: CTranslate2 | HuggingFace, sources: Sequence[str] = SOURCES) -> list[str]:
    return [output.text for output in outputs(system, sources)]


def ours(folders: dict[str, Path], family: str, **settings: Any) -> HuggingFace:
    default = {"max_length": 40, "device": "cpu"} | SETTINGS.get(family, {})
    return HuggingFace(str(folders[family]), **default | settings)


# Parity with HuggingFace


@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_search_in_float32_equals_that_of_huggingface(
    folders: dict[str, Path], of: Callable[..., CTranslate2], family: str
) -> None:
    found = outputs(of(family, compute_type="float32", beam_size=1))
    assert found == outputs(ours(folders, family, beam_size=1))  # notices of what has no end included
    assert len({output.text for output in found}) > len(SOURCES) // 2


@pytest.mark.parametrize("family", ["marian", "m2m100", "nllb"])
def test_beam_search_in_float32_equals_that_of_huggingface(
    folders: dict[str, Path], of: Callable[..., CTranslate2], family: str
) -> None:
    found = outputs(of(family, compute_type="float32"))
    assert found == outputs(ours(folders, family))
    assert [o.text for o in found] != translate(of(family, compute_type="float32", beam_size=1))


@pytest.mark.parametrize("family", FAMILIES)
def test_beam_search_in_float32_is_that_of_transformers_that_stops_early(
    folders: dict[str, Path], of: Callable[..., CTranslate2], family: str
) -> None:
    other = ours(folders, family)
    reader, route = other._reader, other._route(PT_EN)
    expected = []
    for source in SOURCES:
        ids, _ = reader.read(route.prefix + source, route.source)
        decoding = other._model._decoding(route.first)
        decoding.update(num_beams=4, max_new_tokens=40, early_stopping=True)
        made = other._model.weights.generate(
            _tensor([ids]), generation_config=decoding, use_model_defaults=False
        ).tolist()
        expected += reader.texts([row[1 if route.first is None else 2 :] for row in made])
    assert translate(of(family, compute_type="float32")) == expected


def _tensor(rows: list[list[int]]) -> Any:
    import torch

    return torch.tensor(rows)


def test_int8_is_int8_and_signed_as_such(of: Callable[..., CTranslate2]) -> None:
    int8, float32 = of("nllb"), of("nllb", compute_type="float32")
    assert any(translate(int8))
    translate(float32)
    assert int8._engine.translator.compute_type.startswith("int8")
    assert float32._engine.translator.compute_type == "float32"
    sizes = [(system._folder / "model.bin").stat().st_size for system in (int8, float32)]
    assert sizes[0] < 0.6 * sizes[1]
    settings = dict(int8.signature(PT_EN).settings)
    assert settings.pop("revision").startswith("sha256:")
    assert settings.pop("transformers")
    assert settings == {
        "checkpoint": "nllb", "family": "nllb", "codes": "por_Latn>eng_Latn", "prefix": "no", "beam": "4",
        "max_length": "40", "compute_type": "int8", "device": "cpu", "ctranslate2": ctranslate2.__version__,
    }  # fmt: skip
    assert int8.signature(PT_EN) != float32.signature(PT_EN)
    assert int8.signature(PT_EN) == of("nllb", batch_size=7, inter_threads=2, intra_threads=2).signature(PT_EN)


@pytest.mark.parametrize("compute_type", ["int8", "float32"])
def test_batches_and_threads_do_not_change_hypotheses(of: Callable[..., CTranslate2], compute_type: str) -> None:
    expected = outputs(of("nllb", batch_size=10_000, compute_type=compute_type))
    for settings in ({"batch_size": 1}, {"batch_size": 60, "inter_threads": 3}, {"batch_size": 100}):
        assert outputs(of("nllb", compute_type=compute_type, **settings)) == expected
    assert outputs(of("nllb", batch_size=60, compute_type=compute_type), SOURCES[::-1])[::-1] == expected


def test_hypotheses_come_as_they_are_finished(of: Callable[..., CTranslate2]) -> None:
    made = of("nllb", batch_size=1).translate(segments(*SOURCES, "Olá"), PT_EN, {})
    assert next(made)[0] == 1  # the longest source
    assert len(list(made)) == len(SOURCES)


def test_empty_sources_need_no_model(of: Callable[..., CTranslate2]) -> None:
    system = of("nllb")
    assert translate(system, ["", " \n "]) == ["", ""]
    assert "translator" not in vars(system._engine)


def test_weights_are_loaded_again_after_close(of: Callable[..., CTranslate2]) -> None:
    system = of("nllb")
    system.close()
    expected = translate(system)
    system.close()
    assert "translator" not in vars(system._engine)
    assert translate(system) == expected


# What must not pass in silence


def test_cut_sources_and_control_symbols_are_named(of: Callable[..., CTranslate2]) -> None:
    found = outputs(of("nllb"), ["Olá " * 300, "a </s> b", "Olá"])
    assert "the source has 1203 tokens, the encoder takes 512: it was cut" in found[0].notices
    assert "the tokenizer takes </s> in the source for a control symbol" in found[1].notices
    assert not [notice for notice in found[2].notices if "source" in notice]


def test_longer_hypotheses_than_the_decoder_has_positions_for_are_refused(of: Callable[..., CTranslate2]) -> None:
    with pytest.raises(ConfigError, match=r"^max_length: .*512"):
        of("marian", max_length=513).check(PT_EN)
    system = of("marian", max_length=512, beam_size=1)
    system.check(PT_EN)
    translate(system, ["Olá"])


def test_checkpoints_forbidden_tokens_count(
    folders: dict[str, Path], of: Callable[..., CTranslate2], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(folders["marian"], tmp_path / "m"))
    settings: dict[str, Any] = {"pairs": ["pt-en"], "beam_size": 1, "cache": str(tmp_path / "cache")}
    text = "".join(translate(of(folder, compute_type="float32", **settings)))
    letter = max("abcdefghijklmnopqrstuvwxyz&%", key=text.count)
    path = folder / "generation_config.json"
    shipped = json.loads(path.read_text())
    number = json.loads((folder / "vocab.json").read_text())[letter]
    path.write_text(json.dumps(shipped | {"bad_words_ids": [*shipped["bad_words_ids"], [number]], "num_beams": 9}))
    system = of(folder, compute_type="float32", **settings)
    assert system._engine.forbidden == [[letter]]  # the padding is not in the converted vocabulary
    found = translate(system)
    assert letter in text
    assert letter not in "".join(found)
    assert found == translate(HuggingFace(str(folder), pairs=["pt-en"], beam_size=1, max_length=40, device="cpu"))


# Languages


def test_languages_are_told_as_huggingface_tells_them(
    folders: dict[str, Path], of: Callable[..., CTranslate2], tmp_path: Path
) -> None:
    for pair in (PT_EN, LangPair("en", "ro")):
        greedy: dict[str, Any] = {"beam_size": 1}
        found = outputs(of("m2m100", compute_type="float32", **greedy), pair=pair)
        assert found == outputs(ours(folders, "m2m100", **greedy), pair=pair)
    with pytest.raises(UnavailableError, match="no code for bar"):
        of("nllb").check(LangPair("bar", "en"))
    with pytest.raises(ConfigError, match=r"^language_codes\.pt: "):
        of("nllb", language_codes={"pt": "por_Ltn"}).check(PT_EN)
    with pytest.raises(ConfigError, match=r"^pairs: .*'ROMANCE'"):
        of("marian", pairs=None).check(PT_EN)
    several = huggingface_fakes.write_marian(tmp_path / "m", source="en", targets=("por", "ron"))
    settings: dict[str, Any] = {"cache": str(tmp_path / "cache"), "compute_type": "float32", "beam_size": 1}
    other = HuggingFace(str(several), max_length=40, device="cpu", beam_size=1)
    assert outputs(of(several, **settings), pair=LangPair("en", "ro")) == outputs(other, pair=LangPair("en", "ro"))


def test_only_listed_pairs_are_translated(of: Callable[..., CTranslate2]) -> None:
    system = of("marian")
    assert system.declines(EvalSet("seeds", PT_EN, (), ())) is None
    assert "es-en" in str(system.declines(EvalSet("seeds", LangPair("es", "en"), (), ())))


# Proposals


def test_proposals_are_the_best_of_a_wider_beam(folders: dict[str, Path], of: Callable[..., CTranslate2]) -> None:
    system = of("nllb", compute_type="float32", beam_size=2)
    made = dict(system.propose(segments(*SOURCES, ""), PT_EN, 5))
    assert sorted(made) == list(range(len(SOURCES) + 1))
    assert made.pop(len(SOURCES)) == (Output(""),)
    assert all(len(found) == 5 and len({output.text for output in found}) > 1 for found in made.values())
    wide = outputs(of("nllb", compute_type="float32", beam_size=5))
    assert [made[position][0] for position in range(len(SOURCES))] == wide
    settings = dict(system.signature_of_proposals(PT_EN, 5).settings)
    assert (settings["beam"], settings["proposals"]) == ("5", "5")
    assert dict(system.signature_of_proposals(PT_EN, 1).settings)["beam"] == "2"


# Conversion


def test_checkpoint_is_converted_once_by_any_number_of_processes_and_nothing_is_left_over(
    of: Callable[..., CTranslate2], tmp_path: Path
) -> None:
    cache = tmp_path / "a" / "cache"
    systems = [of("nllb", cache=str(cache)) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda system: system.check(PT_EN), systems))
    (folder,) = cache.iterdir()
    revision = dict(systems[0].signature(PT_EN).settings)["revision"].removeprefix("sha256:")
    assert folder.name == f"nllb-{revision}-int8-{ctranslate2.__version__}"
    written = (folder / "model.bin").stat().st_mtime_ns
    of("nllb", cache=str(cache)).check(PT_EN)
    assert (folder / "model.bin").stat().st_mtime_ns == written
    of("nllb", cache=str(cache), compute_type="float32").check(PT_EN)
    assert len(list(cache.iterdir())) == 2


def test_checkpoint_that_cannot_be_converted_is_named_and_nothing_is_left_over(
    folders: dict[str, Path], of: Callable[..., CTranslate2], tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    cache = tmp_path / "cache"
    folder = Path(shutil.copytree(folders["mbart50"], tmp_path / "mbart50"))
    path = folder / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({key: value for key, value in config.items() if key != "normalize_before"}))
    with pytest.raises(UnavailableError, match=r"cannot convert it .*normalize_before"):
        of(folder, cache=str(cache)).check(PT_EN)
    path.write_text(json.dumps(config | {"tokenizer_class": None}))
    with pytest.raises(UnavailableError, match="tokenizer_class"):
        of(folder, cache=str(cache)).check(PT_EN)
    path.write_text(json.dumps(config))
    weights = load_file(folder / "model.safetensors")
    name = "model.decoder.layers.0.fc1.weight"
    kept = {key: value for key, value in weights.items() if key != name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UnavailableError, match=rf"1 of its weights are missing, {name}"):
        of(folder, cache=str(cache)).check(PT_EN)
    assert list(cache.iterdir()) == []


def test_cache_that_cannot_be_written_is_named(of: Callable[..., CTranslate2], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError, match="choose another folder with cache") as caught:
        of("nllb", cache=str(tmp_path / "file")).check(PT_EN)
    assert "\n" not in str(caught.value)


def test_code_that_a_checkpoint_brings_along_is_never_run(
    folders: dict[str, Path], of: Callable[..., CTranslate2], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(folders["nllb"], tmp_path / "nllb"))
    (folder / "evil.py").write_text("raise SystemExit('was run')\n")
    own = {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Evil", "AutoModelForSeq2SeqLM": "evil.Evil"}}
    (folder / "config.json").write_text(json.dumps(own))
    with pytest.raises(UnavailableError, match=r"needs Python code .*, which is not run; choose another one$"):
        of(folder).check(PT_EN)


# Folders that are already converted


@pytest.fixture(scope="session")
def converted(folders: dict[str, Path], root: Path) -> dict[str, Path]:
    """Checkpoints as CTranslate2's command line converts them, with the tokenizers' files beside."""
    found = {}
    for family, folder in folders.items():
        if family == "mbart50":  # which the converter writes a configuration for that is not loaded
            continue
        converter = ctranslate2.converters.TransformersConverter(str(folder))
        found[family] = root / "converted" / family
        converter.convert(str(found[family]), quantization="float32")
        for path in folder.iterdir():
            if path.suffix in (".json", ".spm", ".model") and path.name not in ("config.json", "model.safetensors"):
                shutil.copy(path, found[family])
    return found


@pytest.mark.parametrize("family", ["marian", "m2m100", "nllb", "t5"])
def test_converted_folder_is_taken_as_it_is(
    of: Callable[..., CTranslate2], converted: dict[str, Path], family: str, tmp_path: Path
) -> None:
    settings = {"compute_type": "float32", **SETTINGS.get(family, {})}
    system = of(converted[family], cache=str(tmp_path / "none"), **settings)
    system.check(PT_EN)
    assert outputs(system) == outputs(of(family, compute_type="float32"))
    assert not (tmp_path / "none").exists()
    signature = dict(system.signature(PT_EN).settings)
    assert signature["family"] == family
    assert signature["revision"].startswith("sha256:")
    with pytest.raises(ConfigError, match=r"^revision: "):
        of(converted[family], revision="main").check(PT_EN)


def test_converted_folder_is_known_by_its_weights(
    of: Callable[..., CTranslate2], converted: dict[str, Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(converted["nllb"], tmp_path / "nllb"))
    before = of(folder).signature(PT_EN)
    assert before == of(converted["nllb"]).signature(PT_EN)
    data = bytearray((folder / "model.bin").read_bytes())
    data[-5] ^= 1
    (folder / "model.bin").write_bytes(bytes(data))
    assert of(folder).signature(PT_EN) != before
    (folder / "model.bin").write_bytes(bytes(data[:5000]))
    with pytest.raises(UnavailableError, match="CTranslate2 cannot load it"):
        translate(of(folder))


def test_family_says_which_tokenizer_where_the_converted_folder_does_not(
    of: Callable[..., CTranslate2], converted: dict[str, Path], tmp_path: Path
) -> None:
    for family in ("marian", "nllb"):  # one with SentencePiece models, one with a tokenizer.json
        folder = Path(shutil.copytree(converted[family], tmp_path / f"{family}-m2m100"))
        path = folder / "tokenizer_config.json"
        settings = {key: value for key, value in json.loads(path.read_text()).items() if key != "tokenizer_class"}
        path.write_text(json.dumps(settings))
        with pytest.raises(ConfigError, match=r"^family: .*marian"):
            of(folder, pairs=["pt-en"]).check(PT_EN)
        assert translate(of(folder, family=family, pairs=["pt-en"])) == translate(
            of(converted[family], pairs=["pt-en"])
        )


@pytest.mark.parametrize(
    ("gone", "message"),
    [("config.json", "no config.json"), ("shared_vocabulary.json", "no vocabulary"), ("tokenizer.json", "copy_files")],
)
def test_what_a_converted_folder_lacks_is_named(
    of: Callable[..., CTranslate2], converted: dict[str, Path], gone: str, message: str, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(converted["nllb"], tmp_path / "nllb"))
    (folder / gone).unlink()
    with pytest.raises(UnavailableError, match=message):
        of(folder).check(PT_EN)
    assert of(folder).needs(PT_EN)[1].found is False


# Settings and needs


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("checkpoint", " "), ("revision", ""), ("family", "gpt"), ("pairs", []), ("language_codes", ["pt"]),
        ("prefix", ""), ("beam_size", 0), ("max_length", True), ("batch_size", 1.5), ("compute_type", "int4"),
        ("device", "tpu"), ("inter_threads", -1), ("intra_threads", -1), ("cache", ""),
    ],
)  # fmt: skip
def test_wrong_settings_are_named(key: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        CTranslate2(**{"checkpoint": "a/b", key: value})  # type: ignore[arg-type]
    assert caught.value.where.split(".")[0] == key


def test_each_core_has_its_batch_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(6)), raising=False)
    assert find_threads("cpu", 0, 0) == (6, 1)
    assert find_threads("cpu", 0, 4) == (1, 4)
    assert find_threads("cpu", 0, 8) == (1, 8)
    assert find_threads("cpu", 1, 0) == (1, 0)
    assert find_threads("cuda", 0, 0) == (1, 0)


def test_what_this_machine_cannot_compute_is_refused(of: Callable[..., CTranslate2]) -> None:
    if ctranslate2.get_cuda_device_count() == 0:
        with pytest.raises(UnavailableError, match=r"^device: "):
            of("nllb", device="cuda").check(PT_EN)
        of("nllb", device="auto").check(PT_EN)
    with pytest.raises(UnavailableError, match=r"^compute_type: .*choose from .*int8"):
        of("nllb", compute_type="bfloat16", device="cpu").check(PT_EN)


def test_another_version_of_ctranslate2_is_refused(
    of: Callable[..., CTranslate2], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mteval.systems.huggingface_ctranslate2_engine.PACKAGE", "ctranslate2>=99")
    with pytest.raises(UnavailableError, match=r"^ctranslate2: .*>=99 is needed; pip install 'mteval\[ctranslate2\]'"):
        of("nllb").check(PT_EN)


def test_needs_are_found_without_converting(folders: dict[str, Path], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    package, checkpoint = CTranslate2(str(folders["nllb"]), cache=str(cache)).needs(PT_EN)
    assert (package.name, package.found, package.detail) == ("ctranslate2", True, f"version {ctranslate2.__version__}")
    assert checkpoint.found
    assert str(cache) in checkpoint.detail
    assert checkpoint.memory == (folders["nllb"] / "model.safetensors").stat().st_size // 4
    assert not cache.exists()
    assert CTranslate2("nobody/nothing").needs(PT_EN)[1].found is False


def test_building_loads_no_libraries_and_touches_nothing() -> None:
    code = """
import sys
from mteval.systems.huggingface_ctranslate2 import CTranslate2
from mteval.systems.huggingface_ctranslate2_engine import find_threads
CTranslate2("nobody/nothing", pairs=["pt-en"])
print({"torch", "transformers", "huggingface_hub", "ctranslate2"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_converting_and_translating_says_nothing_on_stderr(folders: dict[str, Path], tmp_path: Path) -> None:
    code = """
import sys
from mteval.lang import LangPair
from mteval.segment import Segment
from mteval.systems.huggingface_ctranslate2 import CTranslate2
from mteval.systems.huggingface_ctranslate2_engine import find_threads
pair = LangPair("pt", "en")
for family, folder in zip(sys.argv[2::2], sys.argv[3::2]):
    system = CTranslate2(folder, pairs=["pt-en"], max_length=20, cache=sys.argv[1])
    system.check(pair)
    system.signature(pair)
    print(family, len(list(system.translate([Segment("1", "Olá " * 300, "0", "x")], pair, {}))))
"""
    names = [text for family in ("marian",) for text in (family, str(folders[family]))]
    run = [sys.executable, "-c", code, str(tmp_path), *names]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert (done.stdout.split(), done.stderr) == (["marian", "1"], "")


@pytest.mark.parametrize("name", ["opus_mt_romance_en_int8", "nllb_600m_int8"])
def test_shipped_configs_build(name: str) -> None:
    settings = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text(encoding="utf-8"))
    assert list(settings) == [name]
    assert settings[name].pop("_target_") == "mteval.systems.huggingface_ctranslate2.CTranslate2"
    system = CTranslate2(**settings[name])
    assert (system.compute_type, system.device) == ("int8", "cpu")
    assert system.declines(EvalSet("seeds", PT_EN, (), ())) is None
