"""Google's Cloud Translation, through its own client (``pip install 'mteval[google]'``)."""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from mteval.errors import ConfigError, MtevalError, UnavailableError
from mteval.lang import LangPair, base_language
from mteval.needs import Need, lacking, package
from mteval.network import check_online, is_local
from mteval.segment import EvalSet, Segment
from mteval.signature import Signature
from mteval.systems.base import Output, System, SystemCard
from mteval.systems.services import Limits, check_batch, check_codes, check_endpoint, check_price, tag, translated

ENDPOINT = "https://translate.googleapis.com"
CODES: Mapping[str, str] = {"zh": "zh-CN", "zh-Hans": "zh-CN", "zh-Hant": "zh-TW", "nb": "no"}
"""Google's code where it is another than the standard one. Its ``pt`` is Brazilian; ``pt_PT`` is asked for as it is."""

_TEXTS, _LETTERS = 1024, 30_000
_NEEDED = "google-cloud-translate>=3.20,<4"
_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LOGIN = f"log in with gcloud auth application-default login, or set {_VARIABLE} to a service account's file"


class Google(System):
    """Translates with Cloud Translation, Advanced (v3). Texts go and come as plain text, not as HTML.

    Credentials are Google's application default ones: the file that ``GOOGLE_APPLICATION_CREDENTIALS`` names, what
    ``gcloud auth application-default login`` left, or those of a machine at Google. This version of the API takes no
    API keys. An endpoint on this machine gets no credentials.

    Args:
        project: the Google Cloud project that pays; ``None`` for the credentials' own, or ``GOOGLE_CLOUD_PROJECT``.
        location: where it is done; a glossary or a custom model needs its own, as ``us-central1``.
        model: ``general/nmt``, ``general/translation-llm`` or a custom model's id; ``None`` for Google's default.
        glossary: a glossary's id.
        language_codes: Google's code by language, where another is wanted than the one found. Such a code is not
            checked against the languages that Google lists.
        endpoint: the service's address, as ``https://translate-eu.googleapis.com``; ``None`` for the global one.
        batch_size: texts in a request, 1024 at most; a request has 30,000 characters at most.
        patience: seconds in which a request that fails is tried again, ever later.
        timeout: seconds that the service has to answer.
        price: US dollars for a million characters; ``None`` if it is not known.

    Raises:
        ConfigError: a setting is wrong; its key is named.
    """

    def __init__(
        self,
        project: str | None = None,
        location: str = "global",
        model: str | None = None,
        glossary: str | None = None,
        language_codes: Mapping[str, str] | None = None,
        endpoint: str | None = None,
        batch_size: int = 128,
        patience: float = 120,
        timeout: float = 60,
        price: float | None = None,
    ) -> None:
        for key, text in {"project": project, "location": location, "model": model, "glossary": glossary}.items():
            if text is None and key != "location":
                continue
            if not isinstance(text, str) or not text.strip("/ ") or text != text.strip("/ "):
                raise ConfigError(key, f"{text!r} names nothing", "write it in quotes, or leave it out")
        for key, number in {"patience": patience, "timeout": timeout}.items():
            if not isinstance(number, int | float) or isinstance(number, bool) or not 0 < number < 1e6:
                raise ConfigError(key, f"{number!r} is no time", "give seconds, more than 0")
        if glossary is not None and location == "global":
            raise ConfigError("location", "a glossary is never global", "give the glossary's own, as us-central1")
        check_batch(batch_size, "batch_size", _TEXTS)
        check_price(price, "price")
        self._codes = check_codes(language_codes, "language_codes")
        self._endpoint = check_endpoint(endpoint, "endpoint")
        self._project = project
        self._location = location
        self._model = model
        self._glossary = glossary
        self._patience = patience
        self._timeout = timeout
        self._price = price
        self._limits = Limits(batch_size, _LETTERS, len, "characters")

    @property
    def card(self) -> SystemCard:
        return SystemCard(reusable=True)

    def declines(self, eval_set: EvalSet) -> str | None:
        return self._limits.too_long(eval_set)

    def check(self, pair: LangPair) -> None:
        """Make sure that the client and credentials are there, and that the service knows the languages.

        That asks the service which languages it knows, which costs nothing.

        Raises:
            UnavailableError: it does not, or cannot be reached.
        """
        for need in lacking((package(_NEEDED, "google"),)):
            raise UnavailableError(f"google: {need.name}", need.detail, need.remedy)
        source, target = self._languages(pair)
        sources, targets = self._known
        for language, code, known in ((pair.source, source, sources), (pair.target, target, targets)):
            if language not in self._codes and code not in known:
                remedy = f"name one under language_codes: {', '.join(sorted(known))}"
                raise UnavailableError("google", f"Google does not translate {language} ({code}) here", remedy)

    def needs(self, pair: LangPair) -> tuple[Need, ...]:
        endpoint = Need("endpoint", "Cloud Translation", None, remedy="check the network and endpoint", url=self._url)
        if is_local(self._url):
            return (package(_NEEDED, "google"), endpoint)
        file = _credentials_file()
        found = True if file is not None and file.is_file() else None if file is None else False
        detail = "" if file is None else f"in {file}" if found else f"{file} is no file"
        return (package(_NEEDED, "google"), Need("key", _VARIABLE, found, detail, _LOGIN), endpoint)

    def signature(self, pair: LangPair) -> Signature:
        source, target = self._languages(pair)
        settings: dict[str, object] = {
            "system": "google",
            "api": "v3",
            "source": source,
            "target": target,
            "model": self._model or "default",
            "glossary": self._glossary or "none",
            "location": self._location,
        }
        if self._glossary or (self._model and not self._model.startswith("general/")):
            settings["project"] = self._project or "credentials'"  # whose they are
        return Signature.of(settings | ({} if self._endpoint is None else {"endpoint": self._endpoint}))

    def translate(
        self, segments: Sequence[Segment], pair: LangPair, hypotheses: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[int, Output]]:
        source, target = self._languages(pair)

        def ask(texts: list[str]) -> tuple[list[str], int]:
            request = {
                "parent": self._parent,
                "contents": texts,
                "mime_type": "text/plain",
                "source_language_code": source,
                "target_language_code": target,
                **self._with_model,
            }
            if self._glossary is not None:
                request["glossary_config"] = {"glossary": f"{self._parent}/glossaries/{self._glossary}"}
            found = self._ask("translate_text", request)
            made = found.translations if self._glossary is None else found.glossary_translations
            return [one.translated_text for one in made], sum(map(len, texts))

        yield from translated(segments, self._limits, ask, self._price, "google")

    def close(self) -> None:
        """Close the connection; it is opened again when it is needed."""
        client = self.__dict__.pop("_client", None)
        if client is not None:
            client.transport.close()

    @property
    def _url(self) -> str:
        return self._endpoint or ENDPOINT

    def _languages(self, pair: LangPair) -> tuple[str, str]:
        """Google's codes of both languages: of a source without its region, of a target with it."""
        source, target = base_language(pair.source), tag(pair.target)
        if tag(pair.source) in CODES:
            source = tag(pair.source)
        return (
            self._codes.get(pair.source) or CODES.get(source, source),
            self._codes.get(pair.target) or CODES.get(target, target),
        )

    @cached_property
    def _known(self) -> tuple[frozenset[str], frozenset[str]]:
        """The codes of sources and of targets."""
        languages = self._ask("get_supported_languages", {"parent": self._parent, **self._with_model}).languages
        return (
            frozenset(one.language_code for one in languages if one.support_source),
            frozenset(one.language_code for one in languages if one.support_target),
        )

    @property
    def _with_model(self) -> dict[str, Any]:
        return {} if self._model is None else {"model": f"{self._parent}/models/{self._model}"}

    @property
    def _parent(self) -> str:
        return f"projects/{self._authorised[1]}/locations/{self._location}"

    @cached_property
    def _authorised(self) -> tuple[Any, str]:
        """The credentials, and the project that pays.

        Raises:
            UnavailableError: there are no credentials, or no project.
            ConfigError: no project is named.
        """
        check_online("google", self._url)
        named = self._project or os.environ.get("GOOGLE_CLOUD_PROJECT", "").strip() or None
        if is_local(self._url):
            return _module("google.auth.credentials").AnonymousCredentials(), named or "local"
        auth = _module("google.auth")
        try:
            credentials, own = auth.default(scopes=[_SCOPE])
        except auth.exceptions.GoogleAuthError as error:
            raise UnavailableError("google", f"no credentials: {_first(error)}", _LOGIN) from None
        project = named or own
        if not project:
            raise ConfigError("google.project", "the credentials name no project", "name the one that pays")
        return credentials, project

    @cached_property
    def _client(self) -> Any:
        translate = _module("google.cloud.translate_v3")
        transport = translate.TranslationServiceClient.get_transport_class("rest")
        return translate.TranslationServiceClient(transport=transport(host=self._url, credentials=self._authorised[0]))

    def _ask(self, method: str, request: dict[str, Any]) -> Any:
        """What a method of Google's client gives.

        Raises:
            UnavailableError: it gives an error, said in one line.
        """
        check_online("google", self._url)
        exceptions = _module("google.api_core.exceptions")
        retries = _module("google.api_core.retry")
        requests = _module("requests.exceptions")
        auth = _module("google.auth.exceptions")
        passing = (exceptions.TooManyRequests, exceptions.ServerError, requests.ConnectionError, requests.Timeout)
        retry = retries.Retry(
            predicate=retries.if_exception_type(*passing), initial=1.0, maximum=30.0, timeout=self._patience
        )
        try:
            return getattr(self._client, method)(request=request, retry=retry, timeout=self._timeout)
        except exceptions.RetryError as error:
            raise _explained(error.cause or error, exceptions) from None
        except auth.TransportError as error:
            raise _explained(error, exceptions) from None
        except auth.GoogleAuthError as error:
            raise UnavailableError("google", f"the credentials are not accepted ({_first(error)})", _LOGIN) from None
        except (exceptions.GoogleAPIError, requests.RequestException, ValueError) as error:
            raise _explained(error, exceptions) from None


def _module(name: str) -> Any:
    """A module of Google's, without its warnings that a Python version will not be supported for ever."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return importlib.import_module(name)


def _explained(error: Exception, exceptions: Any) -> MtevalError:
    """An error of Google's client in one line, with its remedy."""
    again = "run again later; what is done is kept in the store"
    said = _first(error)
    if (
        isinstance(error, exceptions.TooManyRequests)
        or "quota" in said.casefold()
        or "limit exceeded" in said.casefold()
    ):
        remedy = "raise it, or run again later; what is done is kept in the store"
        return UnavailableError("google", f"the project's quota is used up ({said})", remedy)
    if isinstance(error, exceptions.Forbidden | exceptions.Unauthorized):
        return UnavailableError("google", f"the credentials are not accepted ({said})", _LOGIN)
    if isinstance(error, exceptions.BadRequest | exceptions.NotFound):
        return UnavailableError("google", said, "correct project, location, model, glossary or language_codes")
    return UnavailableError("google", said, again)


def _first(error: Exception) -> str:
    """What an error says, in one line of 300 characters at most."""
    said = " ".join(str(getattr(error, "message", None) or error).split())
    return said[:300] or type(error).__name__


def _credentials_file() -> Path | None:
    """The file that holds the application default credentials, there or not; ``None`` if none is named or left."""
    if named := os.environ.get(_VARIABLE, "").strip():
        return Path(named)
    folder = os.environ.get("CLOUDSDK_CONFIG") or Path.home() / ".config" / "gcloud"
    left = Path(folder) / "application_default_credentials.json"
    return left if left.is_file() else None
