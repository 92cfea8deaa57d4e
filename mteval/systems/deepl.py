"""DeepL's translation service, through its own client (``pip install 'mteval[deepl]'``)."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from mteval.errors import ConfigError, MtevalError, UnavailableError
from mteval.lang import LangPair, base_language
from mteval.needs import Need, key, lacking, package
from mteval.network import check_online
from mteval.segment import EvalSet, Segment
from mteval.setting_checks import check_choices, check_texts
from mteval.signature import Signature
from mteval.systems.base import Output, System, SystemCard
from mteval.systems.services import (
    Limits,
    check_batch,
    check_codes,
    check_endpoint,
    check_price,
    check_variable,
    secret,
    tag,
    translated,
    without,
)

TARGETS: Mapping[str, str] = {"en": "EN-US", "pt": "PT-PT", "zh": "ZH-HANS", "no": "NB"}
"""DeepL's target where a language alone would leave open which: its API refuses ``EN`` and ``PT``."""

FORMALITIES = ("default", "more", "less", "prefer_more", "prefer_less")
MODELS = ("quality_optimized", "latency_optimized", "prefer_quality_optimized")

_PRO, _FREE = "https://api.deepl.com", "https://api-free.deepl.com"
_TEXTS = 50
_BODY = 128 * 2**10 - 4 * 2**10
"""Bytes that a request's texts may take: of DeepL's 128 KiB, four are left for the settings around them."""

_NEEDED = "deepl>=1.20,<2"


def _bytes(text: str) -> int:
    """How many bytes a text takes in a request, where every letter beyond ASCII is written as ``\\u00e9``."""
    return len(json.dumps(text)) + 2


class DeepL(System):
    """Translates with DeepL. A request that fails is tried again by DeepL's client, ever later, five times.

    A target language without a region is asked for as ``TARGETS`` says: ``en`` as ``EN-US``, ``pt`` as ``PT-PT``;
    ``en_GB`` and ``pt_BR`` are asked for as they are.

    Args:
        key_variable: the environment variable that holds the key; the key itself stands in no config.
        endpoint: the service's address; ``None`` for DeepL's own, which for a key of the free API is another one.
        language_codes: DeepL's code by target language, where another is wanted than the one above: ``{en: EN-GB}``.
            Such a code is not checked against the languages that DeepL lists.
        formality: one of ``FORMALITIES``.
        glossary: a glossary's id.
        model_type: one of ``MODELS``; ``None`` leaves it to DeepL.
        batch_size: texts in a request, 50 at most. DeepL's client waits ten seconds for an answer: where it would
            take longer, fewer are better.
        price: US dollars for a million characters; ``None`` if it is not known.

    Raises:
        ConfigError: a setting is wrong; its key is named.
    """

    def __init__(
        self,
        key_variable: str = "DEEPL_API_KEY",
        endpoint: str | None = None,
        language_codes: Mapping[str, str] | None = None,
        formality: str = "default",
        glossary: str | None = None,
        model_type: str | None = None,
        batch_size: int = _TEXTS,
        price: float | None = None,
    ) -> None:
        self._variable = check_variable(key_variable, "key_variable")
        self._endpoint = check_endpoint(endpoint, "endpoint")
        self._codes = check_codes(language_codes, "language_codes")
        check_choices(("formality", formality, FORMALITIES), ("model_type", model_type or MODELS[0], MODELS))
        check_texts(("glossary", glossary))
        check_batch(batch_size, "batch_size", _TEXTS)
        check_price(price, "price")
        self._formality = formality
        self._glossary = glossary
        self._model_type = model_type
        self._price = price
        self._limits = Limits(batch_size, _BODY, _bytes, "bytes")

    @property
    def card(self) -> SystemCard:
        return SystemCard(reusable=True)

    def declines(self, eval_set: EvalSet) -> str | None:
        return self._limits.too_long(eval_set)

    def check(self, pair: LangPair) -> None:
        """Make sure that the client is installed, and that the service takes the key and knows the languages.

        That asks the service which languages it knows, which costs nothing.

        Raises:
            UnavailableError: it does not, or cannot be reached.
            ConfigError: the formality is none that it has for the target.
        """
        for need in lacking((package(_NEEDED, "deepl"), key(self._variable))):
            raise UnavailableError(f"deepl: {need.name}", need.detail, need.remedy)
        source, target = self._languages(pair)
        sources, targets = self._known
        if source not in sources:
            problem = f"DeepL does not translate from {pair.source} ({source})"
            raise UnavailableError("deepl", problem, f"choose another system; it knows {', '.join(sorted(sources))}")
        if pair.target in self._codes:
            return
        if target not in targets:
            remedy = f"name one under language_codes: {', '.join(sorted(targets))}"
            raise UnavailableError("deepl", f"DeepL does not translate into {pair.target} ({target})", remedy)
        if self._formality in ("more", "less") and not targets[target]:
            remedy = f"write prefer_{self._formality}, or default"
            raise ConfigError("deepl.formality", f"DeepL has no formality for {target}", remedy)

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        url = self._endpoint or _PRO
        return (
            package(_NEEDED, "deepl"),
            key(self._variable),
            Need("endpoint", "DeepL", None, remedy="check the network and endpoint", url=url),
        )

    def signature(self, pair: LangPair) -> Signature:
        source, target = self._languages(pair)
        settings: dict[str, object] = {
            "system": "deepl",
            "source": source,
            "target": target,
            "formality": self._formality,
            "glossary": self._glossary or "none",
            "model_type": self._model_type or "default",
        }
        return Signature.of(settings | ({} if self._endpoint is None else {"endpoint": self._endpoint}))

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        source, target = self._languages(pair)
        settings: dict[str, Any] = {"source_lang": source, "target_lang": target, "glossary": self._glossary}
        settings |= {"formality": self._formality, "model_type": self._model_type}

        def ask(texts: list[str]) -> tuple[list[str], int]:
            found = self._ask("translate_text", texts, **settings)
            return [one.text for one in found], sum(one.billed_characters for one in found)

        yield from translated(segments, self._limits, ask, self._price, "deepl")

    def close(self) -> None:
        """Close the connection; it is opened again when it is needed."""
        client = self.__dict__.pop("_client", None)
        if client is not None:
            client.close()

    def _languages(self, pair: LangPair) -> tuple[str, str]:
        """DeepL's codes of both languages: of a source the language alone, of a target with its region."""
        source, target = base_language(pair.source), tag(pair.target)
        known = {"no": "NB"}.get(source, source.upper())
        return known, self._codes.get(pair.target) or TARGETS.get(target) or target.upper()

    @cached_property
    def _known(self) -> tuple[frozenset[str], dict[str, bool]]:
        """The codes of sources, and those of targets with whether they have a formality."""
        sources = frozenset(str(one.code).upper() for one in self._ask("get_source_languages"))
        targets = {str(one.code).upper(): bool(one.supports_formality) for one in self._ask("get_target_languages")}
        return sources, targets

    @cached_property
    def _client(self) -> Any:
        found = secret(self._variable, "deepl")
        module = importlib.import_module("deepl")
        return module.Translator(found, server_url=self._endpoint, send_platform_info=False)

    def _ask(self, method: str, *arguments: Any, **settings: Any) -> Any:
        """What a method of DeepL's client gives.

        Raises:
            UnavailableError: it gives an error, which is said without the key.
        """
        found = secret(self._variable, "deepl")
        check_online("deepl", self._endpoint or (_FREE if found.endswith(":fx") else _PRO))
        deepl = importlib.import_module("deepl")
        try:
            return getattr(self._client, method)(*arguments, **settings)
        except (deepl.DeepLException, ValueError, TypeError, KeyError, AttributeError) as error:
            raise self._explained(error, deepl, found) from None

    def _explained(self, error: Exception, deepl: Any, hidden: str) -> MtevalError:
        """An error of DeepL's client in one line, with its remedy and without the key."""
        again = "run again later; what is done is kept in the store"
        if isinstance(error, deepl.QuotaExceededException):
            remedy = "raise its limit or wait for the next billing period; what is done is kept in the store"
            return UnavailableError("deepl", f"the quota of the key in {self._variable} is used up", remedy)
        if isinstance(error, deepl.AuthorizationException):
            return UnavailableError("deepl", f"the key in {self._variable} is not accepted", "check it")
        if isinstance(error, deepl.TooManyRequestsException):
            return UnavailableError("deepl", "there are too many requests, after five more tries", again)
        if isinstance(error, deepl.DeepLException):
            return UnavailableError("deepl", without(error, hidden)[:300], again)
        return UnavailableError("deepl", "the answer is none of DeepL's", "check endpoint")
