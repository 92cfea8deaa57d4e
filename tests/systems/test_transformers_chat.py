"""Chat models of transformers: prompts, templates, decoding, samples, documents, what must not pass in silence."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from mteval.errors import ConfigError, ParityError, UnavailableError
from mteval.lang import LangPair
from mteval.language_models import families_of
from mteval.reuse import translate as through_the_store
from mteval.segment import Document, EvalSet, Segment
from mteval.store import Store
from mteval.systems import transformers_chat_fakes
from mteval.systems.base import Output
from mteval.systems.transformers_chat import TransformersChat
from mteval.usage import Meter

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
PROMPT = "Translate from {source_language} into {target_language}.\n{source}"
FAMILIES: dict[str, tuple[Callable[..., Path], dict[str, Any], dict[str, Any]]] = {
    "llama": (transformers_chat_fakes.write_llama, {}, {"prompt": PROMPT}),
    "qwen": (transformers_chat_fakes.write_qwen, {"seed": 1}, {"prompt": PROMPT}),
    "gemma": (transformers_chat_fakes.write_gemma, {"seed": 1}, {"prompt": PROMPT}),
    "translategemma": (
        transformers_chat_fakes.write_gemma, {"seed": 1, "translate": True}, {"messages": "translategemma"}
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """A checkpoint of each family."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on a busy machine several threads take ten times as long over models as tiny as these
    root = tmp_path_factory.mktemp("chat")
    yield {family: write(root / family, **settings) for family, (write, settings, _) in FAMILIES.items()}
    torch.set_num_threads(threads)


@pytest.fixture
def copy(folders: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """Copies a family's checkpoint to where a test may spoil it."""
    return lambda family: Path(shutil.copytree(folders[family], tmp_path / family))


def segments(*sources: str, document: str = "000") -> list[Segment]:
    return [Segment(f"{document}:{number}", source, document, "test") for number, source in enumerate(sources, 1)]


def of(folder: Path, **settings: Any) -> TransformersChat:
    """A system on a family's checkpoint, in fp32, which alone is the same in every batch."""
    default = FAMILIES[folder.name][2] if folder.name in FAMILIES else {"prompt": PROMPT}
    default = default | {"max_length": 30, "precision": "fp32", "device": "cpu"}
    return TransformersChat(str(folder), **default | settings)


def outputs(system: TransformersChat, sources: Sequence[str] = SOURCES, pair: LangPair = PT_EN) -> list[Output]:
    """Outputs in order, each position given exactly once."""
    made = list(system.translate(segments(*sources), pair, {}))
    assert sorted(position for position, _ in made) == list(range(len(sources)))
    return [output for _, output in sorted(made, key=lambda one: one[0])]


def translate(system: TransformersChat, sources: Sequence[str] = SOURCES, pair: LangPair = PT_EN) -> list[str]:
    return [output.text for output in outputs(system, sources, pair)]


def messages(system: TransformersChat, source: str, pair: LangPair = PT_EN) -> list[dict[str, Any]]:
    """What the chat template is given."""
    return system._messages(system._prompts.of(pair).conversation(source), pair)


def asked(system: TransformersChat, source: str = "Olá", pair: LangPair = PT_EN) -> str:
    """The prompt as the model was given it."""
    fed: list[list[int]] = []

    def look(module: Any, args: Any, kwargs: Any) -> None:
        ids = kwargs.get("input_ids") if kwargs.get("input_ids") is not None else args[0]
        fed.append(ids[0].tolist())

    hook = system._model.weights.register_forward_pre_hook(look, with_kwargs=True)
    translate(system, [source], pair)
    hook.remove()
    return str(system._model.tokenizer.decode(fed[0]))


# Prompts and chat templates


@pytest.mark.parametrize("family", FAMILIES)
def test_prompt_is_what_the_chat_template_makes_of_the_messages(folders: dict[str, Path], family: str) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folders[family])
    content: Any = "Translate from Portuguese into English.\nOlá"
    if family == "translategemma":
        content = [{"type": "text", "source_lang_code": "pt", "target_lang_code": "en", "text": "Olá"}]
    expected = tokenizer.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
    )
    assert asked(of(folders[family])) == expected
    assert "Olá" in expected


@pytest.mark.parametrize("family", ["llama", "qwen"])
def test_system_message_and_examples_are_turns(folders: dict[str, Path], family: str) -> None:
    shown = {"pt-en": [{"source": "nu {x}", "target": "naked"}, {"source": "um", "target": "one"}]}
    system = of(folders[family], system_message="You know {target_language}.", examples=shown, prompt="{source}")
    text = asked(system)
    assert text.removeprefix("<s>") == (
        "<|im_start|>system\nYou know English.<|im_end|>\n"
        "<|im_start|>user\nnu {x}<|im_end|>\n<|im_start|>assistant\nnaked<|im_end|>\n"
        "<|im_start|>user\num<|im_end|>\n<|im_start|>assistant\none<|im_end|>\n"
        "<|im_start|>user\nOlá<|im_end|>\n<|im_start|>assistant\n"
    )
    assert "naked" not in asked(system, pair=RO_EN)


def test_template_settings_reach_the_chat_template(folders: dict[str, Path]) -> None:
    off = of(folders["qwen"], template_settings={"enable_thinking": False})
    assert asked(off).endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert "think" not in asked(of(folders["qwen"]))
    assert off.signature(PT_EN) != of(folders["qwen"]).signature(PT_EN)


def test_examples_go_through_translategemmas_template_too(folders: dict[str, Path]) -> None:
    shown = {"pt-en": [{"source": "um", "target": "one"}]}
    text = asked(of(folders["translategemma"], examples=shown))
    assert text.count("Portuguese (pt) to English (en)") == 2
    assert "<start_of_turn>model\none<end_of_turn>" in text


def test_languages_are_named_in_english_or_as_the_user_wants(folders: dict[str, Path]) -> None:
    system = of(folders["llama"], language_names={"pt": "European Portuguese"})
    assert "from European Portuguese into English" in asked(system)
    assert "from Romanian into Chinese (Traditional)" in asked(system, pair=LangPair("ro", "zh_Hant"))
    gemma = of(folders["translategemma"], language_names={"mo": "ro"})
    assert "Portuguese (pt-BR) to English (en)" in asked(gemma, pair=LangPair("pt_BR", "en"))
    assert "Romanian (ro)" in asked(gemma, pair=LangPair("mo", "en"))


def test_braces_and_placeholders_in_a_source_are_left_as_they_are(folders: dict[str, Path]) -> None:
    source = "{source} {target_language} {x} {} {{}} % {0}"
    assert source in asked(of(folders["llama"]), source)
    assert "{ } {1.5} {a b}" in asked(of(folders["llama"], prompt="{{ }} {{1.5}} {{a b}} {source}"))


def test_system_message_that_a_chat_template_does_not_take_is_named(
    folders: dict[str, Path], copy: Callable[[str], Path]
) -> None:
    with pytest.raises(ConfigError, match=r"^system_message: .*System role not supported") as caught:
        of(folders["gemma"], system_message="Be brief.").check(PT_EN)
    assert "\n" not in str(caught.value)
    folder = copy("llama")
    template = (folder / "chat_template.jinja").read_text()
    quiet = template.replace("{% for message in messages %}", "{% for message in messages if message.role == 'user' %}")
    (folder / "chat_template.jinja").write_text(quiet)
    of(folder).check(PT_EN)
    with pytest.raises(ConfigError, match=r"^system_message: .*takes no system message"):
        of(folder, system_message="Be brief.").check(PT_EN)
    (folder / "chat_template.jinja").write_text("{{ bos_token }}nothing else")
    with pytest.raises(ConfigError, match=r"^messages: .*leaves the source out"):
        of(folder).check(PT_EN)


def test_what_translategemmas_template_refuses_is_named(folders: dict[str, Path]) -> None:
    of(folders["translategemma"]).check(PT_EN)
    with pytest.raises(UnavailableError, match="language not supported") as caught:
        of(folders["translategemma"]).check(LangPair("sw", "en"))
    assert "\n" not in str(caught.value)
    with pytest.raises(UnavailableError, match="list of one mapping"):
        of(folders["translategemma"], messages="plain", prompt=PROMPT).check(PT_EN)


# Decoding


@pytest.mark.parametrize("family", FAMILIES)
def test_equals_transformers_used_by_hand(folders: dict[str, Path], family: str) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folders[family])
    model = AutoModelForCausalLM.from_pretrained(folders[family])
    system, expected = of(folders[family]), []
    for source in SOURCES:
        text = system._model.rendered(messages(system, source, RO_EN))
        ids = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
        made = model.generate(
            ids,
            attention_mask=ids * 0 + 1,
            do_sample=False,
            max_new_tokens=30,
            top_k=None,
            top_p=None,
            temperature=None,
        )
        expected.append(tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True).strip())
    assert translate(system, pair=RO_EN) == expected
    assert len(set(expected)) > len(SOURCES) // 2


@pytest.mark.parametrize(
    ("family", "sampling"),
    [*((family, None) for family in FAMILIES), *((family, {"seed": 2}) for family in ("llama", "gemma"))],
)
def test_batches_do_not_change_hypotheses(
    folders: dict[str, Path], family: str, sampling: dict[str, float] | None
) -> None:
    alone, some, all_at_once = (of(folders[family], batch_size=n, sampling=sampling) for n in (1, 300, 10_000))
    assert outputs(alone) == outputs(some) == outputs(all_at_once)
    assert outputs(some, SOURCES[::-1])[::-1] == outputs(some)


def test_batches_hold_the_longest_first_and_no_more_tokens_than_asked_for(folders: dict[str, Path]) -> None:
    system = of(folders["llama"], batch_size=250, max_length=1)
    shapes: list[tuple[int, ...]] = []
    system._model.weights.register_forward_pre_hook(
        lambda module, args, kwargs: shapes.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True
    )
    translate(system)
    assert sum(rows for rows, _ in shapes) == len(SOURCES)
    assert all(rows == 1 or rows * width <= 250 for rows, width in shapes)
    assert max(rows for rows, _ in shapes) > 1
    assert [width for _, width in shapes] == sorted((width for _, width in shapes), reverse=True)


def test_identical_sources_are_translated_once_and_empty_ones_not_at_all(folders: dict[str, Path]) -> None:
    system = of(folders["llama"])
    assert translate(system, ["", " \n "]) == ["", ""]
    assert "weights" not in vars(system._model)
    texts = translate(system, ["Olá", "nu", "", "Olá"])
    assert texts == [*translate(system, ["Olá", "nu"]), "", texts[0]]


def test_checkpoints_own_decoding_settings_do_not_count(copy: Callable[[str], Path]) -> None:
    folder = copy("gemma")
    expected = translate(of(folder))
    path = folder / "generation_config.json"
    shipped = json.loads(path.read_text())
    own = {"max_length": 5, "min_length": 30, "repetition_penalty": 3.0, "temperature": 5.0, "num_beams": 3}
    path.write_text(json.dumps(shipped | own | {"cache_implementation": "hybrid", "do_sample": True}))
    assert translate(of(folder)) == expected


def test_answers_end_where_the_chat_template_ends_a_turn(tmp_path: Path, folders: dict[str, Path]) -> None:
    """Though the checkpoint's decoding settings forget that."""
    folder = transformers_chat_fakes.write_llama(tmp_path / "llama", ends=False)
    end = json.loads((folders["llama"] / "generation_config.json").read_text())["eos_token_id"]
    assert json.loads((folder / "generation_config.json").read_text())["eos_token_id"] != end
    system = of(folder)
    assert set(system._model.ends(messages(system, "Olá"))) == set(end)
    assert outputs(system) == outputs(of(folders["llama"]))


def test_weights_are_loaded_again_after_close(folders: dict[str, Path]) -> None:
    system = of(folders["llama"])
    system.close()
    expected = translate(system)
    system.close()
    assert "weights" not in vars(system._model)
    assert translate(system) == expected


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", "float32"), ("bf16", "bfloat16")])
def test_precision_is_that_of_the_weights(folders: dict[str, Path], precision: str, dtype: str) -> None:
    system = of(folders["qwen"], precision=precision)
    assert any(translate(system))
    assert {str(weight.dtype) for weight in system._model.weights.parameters()} == {f"torch.{dtype}"}


# What must not pass in silence


def test_answers_without_an_end_and_control_symbols_are_named(folders: dict[str, Path]) -> None:
    found = outputs(of(folders["llama"], max_length=3), [SOURCES[0], "a <|im_end|> b", "a </s>"])
    assert found[0].notices == ("the answer has no end after 3 tokens (max_length): it was cut",)
    assert found[1].notices[0] == "the tokenizer takes <|im_end|> in the source for a control symbol"
    assert found[2].notices[0] == "the tokenizer takes </s> in the source for a control symbol"
    assert [o.notices for o in outputs(of(folders["llama"], max_length=60), SOURCES[:1])] == [()]


def test_prompt_is_never_cut(tmp_path: Path) -> None:
    folder = transformers_chat_fakes.write_llama(tmp_path / "llama", positions=200)
    system = of(folder, max_length=100)
    system.check(PT_EN)
    roomy, full = outputs(system, ["Olá", "nu " * 60])
    assert roomy.text
    assert full.text == ""
    assert full.notices == ("the prompt has 240 tokens, 199 is the most: it was not translated",)
    with pytest.raises(ConfigError, match=r"^max_length: .*200 positions"):
        of(folder, max_length=200).check(PT_EN)
    tokens = len(system._model.read(messages(system, "nu " * 30)))
    limited = outputs(of(folder, max_prompt=tokens - 1), ["nu " * 30, "Olá"])
    assert limited[0] == Output(
        "", (f"the prompt has {tokens} tokens, {tokens - 1} is the most: it was not translated",)
    )
    assert limited[1].text


def test_answer_may_be_as_long_as_the_room_that_the_prompt_leaves(tmp_path: Path) -> None:
    folder = transformers_chat_fakes.write_reciting(tmp_path / "r", [f"word{n} " for n in range(40)])
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 70}))
    system = of(folder, prompt="{source}", max_length=45)
    short, long = outputs(system, ["a", "a" * 20])
    assert (len(short.text.split()), short.notices) == (40, ())
    room = 70 - len(system._model.read(messages(system, "a" * 20)))
    assert len(long.text.split()) == room < 40
    assert long.notices == (
        f"the answer has no end after {room} tokens (all that the prompt leaves room for): it was cut",
    )


# Samples


def test_samples_follow_the_seed_and_the_source_alone(folders: dict[str, Path]) -> None:
    system = of(folders["llama"], sampling={"temperature": 1.2, "seed": 3})
    made = dict(system.propose(segments("Olá", "nu", "Olá", ""), PT_EN, 6))
    texts = {position: [output.text for output in found] for position, found in made.items()}
    assert texts[0] == texts[2] != texts[1]
    assert texts[3] == [""]
    assert len(set(texts[0])) > 3
    assert translate(system, ["Olá"]) == texts[0][:1]
    alone = of(folders["llama"], sampling={"temperature": 1.2, "seed": 3}, batch_size=1)
    assert dict(alone.propose(segments("Olá"), PT_EN, 6))[0] == made[0]
    other = of(folders["llama"], sampling={"temperature": 1.2, "seed": 4})
    assert translate(other) != translate(system)
    cold = of(folders["llama"], sampling={"temperature": 0.001})
    assert translate(cold) == translate(of(folders["llama"]))
    settings = dict(system.signature_of_proposals(PT_EN, 6).settings)
    assert settings["sampling"] == "temperature=1.2,top_p=1,epsilon_cutoff=0,seed=3"
    assert settings["proposals"] == "6"


def test_proposals_need_sampling(folders: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match=r"^sampling: "):
        of(folders["llama"]).signature_of_proposals(PT_EN, 4)
    with pytest.raises(ConfigError, match=r"^unit: "):
        of(folders["llama"], sampling={}, unit="document").propose(segments("Olá"), PT_EN, 4)


# Documents


PIECES = (
    *('<seg id="1">', "Hello", ".</seg>\n", '<seg id="2">', "The sun\n", "sets.", "</seg>", '\n<seg id="3">'),
    *("It [1] is", " quiet.", "</seg>\n"),
)
TEXTS = ("Hello.", "The sun\nsets.", "It [1] is quiet.")


@pytest.fixture(scope="session")
def reciting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that answers with three numbered segments."""
    return transformers_chat_fakes.write_reciting(tmp_path_factory.mktemp("reciting") / "r", PIECES)


@contextmanager
def prompts(system: TransformersChat) -> Iterator[list[str]]:
    """The prompt of each question that is asked meanwhile, a batch of one at a time."""
    system.batch_size = 1
    seen: list[str] = []

    def look(module: Any, args: Any, kwargs: Any) -> None:
        if kwargs["input_ids"].shape[1] > 1:  # later tokens are fed one by one
            seen.append(str(system._model.tokenizer.decode(kwargs["input_ids"][0].tolist())))

    hook = system._model.weights.register_forward_pre_hook(look, with_kwargs=True)
    yield seen
    hook.remove()


def test_documents_are_asked_for_whole_and_come_back_in_order(reciting: Path) -> None:
    system = of(reciting, unit="document", prompt="{source_language}: {source}")
    assert (system.card.unit, system.card.reusable) == ("document", True)
    given = [*segments("Olá.", "  ", "O sol\npõe-se.", "Está calmo."), *segments("Um", "Dois", "Três", document="001")]
    made = dict(system.translate(given, PT_EN, {}))
    assert [made[position].text for position in range(7)] == [TEXTS[0], "", *TEXTS[1:], *TEXTS]
    assert not any(output.notices for output in made.values())
    with prompts(system) as seen:
        list(system.translate(given[:4], PT_EN, {}))
    assert len(seen) == 1
    assert seen[0].endswith(
        "<|im_start|>user\nPortuguese: "
        '<seg id="1">Olá.</seg>\n<seg id="2">O sol\npõe-se.</seg>\n<seg id="3">Está calmo.</seg><|im_end|>\n'
        "<|im_start|>assistant\n"
    )


def test_examples_of_documents_are_documents_and_equal_documents_are_asked_for_once(reciting: Path) -> None:
    shown = {"pt-en": [{"source": "um\n</seg>", "target": "one"}]}
    system = of(reciting, unit="document", prompt="{source}", examples=shown)
    given = [*segments("Um", "Dois", "Três"), *segments("Um", "Dois", "Três", document="001")]
    with prompts(system) as seen:
        made = dict(system.translate(given, PT_EN, {}))
    assert len(seen) == 1
    assert (
        '<|im_start|>user\n<segx id="1">um\n</seg></segx><|im_end|>\n'
        '<|im_start|>assistant\n<segx id="1">one</segx><|im_end|>\n'
    ) in seen[0]
    assert [made[position].text for position in range(6)] == [*TEXTS, *TEXTS]


def test_misaligned_documents_are_asked_for_again_and_then_refused(reciting: Path) -> None:
    for sources in (["Um", "Dois"], ["Um", "Dois", "Três", "Quatro"]):
        message = rf"^document 000: 3 answers of .* did not give its {len(sources)} segments, .*3 segments, not"
        with pytest.raises(ParityError, match=message) as caught:
            list(of(reciting, unit="document").translate(segments(*sources), PT_EN, {}))
        assert "\n" not in str(caught.value)
    with pytest.raises(ParityError, match=r"1 answer of .*no end after 5 tokens \(max_length\)"):
        list(
            of(reciting, unit="document", max_length=5, attempts=1).translate(segments("Um", "Dois", "Três"), PT_EN, {})
        )


def test_a_document_is_asked_for_again_with_what_was_wrong(reciting: Path) -> None:
    system = of(reciting, unit="document", prompt="{source}", attempts=2)
    with prompts(system) as seen, pytest.raises(ParityError, match="2 answers of"):
        list(system.translate(segments("Um", "Dois"), PT_EN, {}))
    first, again = seen
    assert again.removeprefix(first) == (
        f"{''.join(PIECES).strip()}<|im_end|>\n<|im_start|>user\n"
        "That answer cannot be used: it has 3 segments, not 2. Answer again with exactly 2 segments, each between its "
        'own tags, from <seg id="1"> to <seg id="2">, in order, and with nothing else.<|im_end|>\n'
        "<|im_start|>assistant\n"
    )


def test_a_document_that_leaves_no_room_to_ask_again_is_refused(tmp_path: Path) -> None:
    folder = transformers_chat_fakes.write_reciting(tmp_path / "r", ["Sorry, ", "no."])
    system = of(folder, unit="document", prompt="{source}", max_prompt=100)
    message = r"^document 000: 1 answer of .*with 0 segments, not 2; it begins “Sorry, no.”; the prompt has \d+ tok"
    with pytest.raises(ParityError, match=message):
        list(system.translate(segments("Um", "Dois"), PT_EN, {}))


def test_notices_of_documents_name_their_segments(reciting: Path) -> None:
    sources = ("Um", "</s>", "Três")
    cut = len(PIECES)  # all of the answer but its end
    made = dict(of(reciting, unit="document", max_length=cut).translate(segments(*sources), PT_EN, {}))
    assert [output.text for _, output in sorted(made.items())] == list(TEXTS)
    assert [bool(made[position].notices) for position in range(3)] == [True, True, False]
    assert f"the answer has no end after {cut} tokens" in made[0].notices[0]
    assert "control symbol" in made[1].notices[0]
    with pytest.raises(ParityError, match=f"no end after {cut - 1} tokens"):  # a segment that was cut is none
        list(of(reciting, unit="document", max_length=cut - 1).translate(segments(*sources), PT_EN, {}))
    made = dict(of(reciting, unit="document", max_prompt=60).translate(segments("Um", "Dois", "Três"), PT_EN, {}))
    assert {output.text for output in made.values()} == {""}
    assert all("it was not translated" in output.notices[0] for output in made.values())


def test_thoughts_are_taken_off_where_the_user_says_how(tmp_path: Path) -> None:
    folder = transformers_chat_fakes.write_reciting(tmp_path / "r", ["<think>", "\nHm.", "\n</think>\n", "\nThe cat."])
    assert translate(of(folder), ["O gato."]) == ["<think>\nHm.\n</think>\n\nThe cat."]
    system = of(folder, extract="(?s)^(?:.*</think>)?(.*)$")
    assert outputs(system, ["O gato.", " "]) == [Output("The cat."), Output("")]
    (other,) = outputs(of(folder, extract="<t>(.*)</t>"), ["O gato."])
    assert other.notices == (
        "extract does not match the answer, which is taken whole: “<think> Hm. </think> The cat.”",
    )


def test_documents_go_through_the_store(reciting: Path, tmp_path: Path) -> None:
    documents = (Document("000", "pt"), Document("001", "pt"))
    given = (*segments("Um", "Dois", "Três"), *segments("Um", "Dois", "Três", document="001"))
    eval_set = EvalSet("test", PT_EN, documents, given)
    for _ in range(2):
        found = through_the_store(
            "r", of(reciting, unit="document"), eval_set, {}, Store(tmp_path), lambda count: None, Meter()
        )
        assert found.texts == TEXTS * 2


# Settings, signatures, needs


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"checkpoint": " "}, "checkpoint"), ({"prompt": None}, "prompt"), ({"prompt": "no place for it"}, "prompt"),
        ({"prompt": "{source} {sorce}"}, "prompt"), ({"system_message": "{source}"}, "system_message"),
        ({"system_message": ""}, "system_message"), ({"prompt": "{source} {x"}, "prompt"),
        ({"messages": "chatml"}, "messages"), ({"messages": "translategemma"}, "prompt"),
        ({"messages": "translategemma", "prompt": None, "system_message": "x"}, "system_message"),
        ({"messages": "translategemma", "prompt": None, "unit": "document"}, "unit"),
        ({"examples": {"pt-en": [{"source": "x"}]}}, "examples.pt-en[0]"), ({"examples": {"pt": []}}, "examples.pt"),
        ({"examples": {"pt-en": [{"source": "a", "reference": "b"}]}}, "examples.pt-en[0]"),
        ({"language_names": {"xx1": "X"}}, "language_names"), ({"language_names": {"pt": ""}}, "language_names.pt"),
        ({"extract": "a"}, "extract"), ({"attempts": 0}, "attempts"),
        ({"template_settings": {"tokenize": True}}, "template_settings.tokenize"),
        ({"template_settings": {"a": [1]}}, "template_settings.a"), ({"unit": "line"}, "unit"),
        ({"pairs": []}, "pairs"), ({"revision": ""}, "revision"), ({"max_length": 0}, "max_length"),
        ({"max_prompt": 0}, "max_prompt"), ({"batch_size": 0}, "batch_size"), ({"precision": "int8"}, "precision"),
        ({"device": "tpu"}, "device"), ({"sampling": {"top_k": 1}}, "sampling.top_k"),
    ],
)  # fmt: skip
def test_wrong_settings_are_named(settings: dict[str, Any], where: str) -> None:
    with pytest.raises(ConfigError) as caught:
        TransformersChat(**{"checkpoint": "a/b", "prompt": "{source}"} | settings)
    assert caught.value.where == where
    assert "\n" not in str(caught.value)


def test_signature_holds_what_changes_hypotheses(folders: dict[str, Path]) -> None:
    import torch
    import transformers

    base = of(folders["llama"])
    settings = dict(base.signature(PT_EN).settings)
    assert settings.pop("revision").startswith("sha256:")
    assert len(settings.pop("prompt")) == 12
    assert settings == {
        "checkpoint": "llama", "template": "plain", "unit": "segment", "sampling": "greedy", "max_length": "30",
        "max_prompt": "no", "precision": "fp32", "messages": "plain", "examples": "0", "extract": "no",
        "transformers": transformers.__version__, "torch": torch.__version__,
    }  # fmt: skip
    assert base.signature(PT_EN) == of(folders["llama"], batch_size=7, pairs=["pt-en"]).signature(PT_EN)
    changes: list[dict[str, Any]] = [
        {"prompt": PROMPT + " "}, {"system_message": "x"}, {"language_names": {"pt": "X"}},
        {"extract": "(.*)"}, {"unit": "document"}, {"max_length": 31},
        {"examples": {"pt-en": [{"source": "a", "target": "b"}]}}, {"sampling": {}}, {"sampling": {"seed": 1}},
        {"max_prompt": 50}, {"precision": "bf16"}, {"template_settings": {"x": 1}},
    ]  # fmt: skip
    signatures = [of(folders["llama"], **change).signature(PT_EN) for change in changes]
    assert len({base.signature(PT_EN), base.signature(RO_EN), *signatures}) == len(changes) + 2


def test_signature_follows_the_chat_template(copy: Callable[[str], Path]) -> None:
    folder = copy("llama")
    before = of(folder).signature(PT_EN)
    path = folder / "chat_template.jinja"
    path.write_text(path.read_text().replace("assistant", "model"))
    assert of(folder).signature(PT_EN) != before


def test_card_names_the_model_and_its_family(folders: dict[str, Path]) -> None:
    card = TransformersChat("Unbabel/TowerInstruct-7B-v0.2", prompt="{source}").card
    assert card.model == "Unbabel/TowerInstruct-7B-v0.2"
    assert families_of(card.model) == {"Llama"}


def test_needs_are_found_without_loading(folders: dict[str, Path]) -> None:
    (need,) = of(folders["llama"]).needs(PT_EN)
    size = (folders["llama"] / "model.safetensors").stat().st_size
    assert (need.found, need.memory) == (True, 2 * size)  # files of published chat models hold two bytes a weight
    (need,) = of(folders["llama"], precision="bf16").needs(PT_EN)
    assert need.memory == size
    (need,) = TransformersChat("nobody/nothing", prompt="{source}", gated=True).needs(PT_EN)
    assert (need.found, need.gated, need.hub) == (False, True, "nobody/nothing")


def test_checkpoints_that_are_no_chat_models_are_refused(copy: Callable[[str], Path]) -> None:
    folder = copy("llama")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ConfigError, match=r"^checkpoint: .*no chat template"):
        of(folder).check(PT_EN)
    for model_type in ("t5", "vit"):
        (folder / "config.json").write_text(json.dumps({"model_type": model_type}))
        with pytest.raises(ConfigError, match=rf"^checkpoint: .*{model_type}.* no causal language model"):
            of(folder).check(PT_EN)


def test_missing_weights_are_refused(copy: Callable[[str], Path]) -> None:
    from safetensors.torch import load_file, save_file

    folder = copy("gemma")
    weights = load_file(folder / "model.safetensors")
    gone = next(name for name in weights if "mlp.down_proj" in name)
    kept = {name: value for name, value in weights.items() if name != gone}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UnavailableError, match="1 of its weights are missing"):
        translate(of(folder))


OWN_CODE = """
from pathlib import Path
from transformers import LlamaConfig, LlamaForCausalLM

Path({ran!r}).touch()

class Config(LlamaConfig):
    model_type = "own"

class Model(LlamaForCausalLM):
    config_class = Config
"""


def test_code_that_a_checkpoint_brings_along_is_run_only_where_the_user_says_so(
    copy: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    folder, ran = copy("llama"), tmp_path / "ran"
    expected, known = translate(of(folder)), of(folder).signature(PT_EN)
    told = json.loads((folder / "config.json").read_text())
    told |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}}
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


def test_only_listed_pairs_are_translated(folders: dict[str, Path]) -> None:
    system = of(folders["llama"], pairs=["pt-en"])
    assert system.declines(EvalSet("seeds", PT_EN, (), ())) is None
    assert "ro-en" in str(system.declines(EvalSet("seeds", RO_EN, (), ())))
    assert of(folders["llama"]).declines(EvalSet("seeds", RO_EN, (), ())) is None


def test_fakes_are_the_same_for_the_same_seed(folders: dict[str, Path], tmp_path: Path) -> None:
    for family, (write, settings, _) in FAMILIES.items():
        again = write(tmp_path / family, **settings)
        assert of(again).signature(PT_EN) == of(folders[family]).signature(PT_EN)


def test_building_loads_no_libraries_and_translating_says_nothing_on_stderr(folders: dict[str, Path]) -> None:
    code = """
import sys
from mteval.lang import LangPair
from mteval.segment import Segment
from mteval.systems.transformers_chat import TransformersChat
systems = [TransformersChat(folder, prompt="{source}", max_length=5, device="cpu") for folder in sys.argv[1:]]
print({"torch", "transformers", "huggingface_hub", "jinja2"} & set(sys.modules))
for system in systems:
    system.check(LangPair("pt", "en"))
    print(len(list(system.translate([Segment("1", "Olá " * 200, "0", "x")], LangPair("pt", "en"), {}))))
"""
    names = [str(folders[family]) for family in ("llama", "qwen", "gemma")]
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, check=True)
    assert (done.stdout.split(), done.stderr) == (["set()", "1", "1", "1"], "")


@pytest.mark.parametrize(
    "name", ["tower_7b", "eurollm_1_7b", "eurollm_9b", "translategemma_4b", "gemma3_4b", "qwen3_8b"]
)
def test_shipped_configs_build(name: str) -> None:
    settings = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text(encoding="utf-8"))
    assert list(settings) == [name]
    assert settings[name].pop("_target_") == "mteval.systems.transformers_chat.TransformersChat"
    system = TransformersChat(**settings[name])
    assert system.declines(EvalSet("seeds", PT_EN, (), ())) is None
    assert (system.declines(EvalSet("seeds", RO_EN, (), ())) is None) == (name != "tower_7b")  # which knows no Romanian


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "tower_7b",
            "Translate the following text from Portuguese into English.\nPortuguese: Olá.\nEnglish:",
        ),
        (
            "eurollm_1_7b",
            "Translate the following Portuguese source text to English:\nPortuguese: Olá. \nEnglish: ",
        ),
    ],
)
def test_shipped_prompts_are_those_of_the_model_cards(name: str, expected: str) -> None:
    settings = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text(encoding="utf-8"))[name]
    settings.pop("_target_")
    (message,) = messages(TransformersChat(**settings), "Olá.")
    assert message == {"role": "user", "content": expected}
