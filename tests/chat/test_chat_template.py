"""Templates: what stands for a text is filled, what is meant stays, and anything else is refused."""

from __future__ import annotations

import pytest

from mteval.chat.template import check_template, digest, fill, placeholders
from mteval.errors import ConfigError


def test_what_is_filled_in_is_not_looked_at_again() -> None:
    values = {"source": "{target_language} {{ }} {", "target_language": "{source}"}
    assert fill("{{{source}}} {target_language}", values) == "{{target_language} {{ }} {} {source}"


def test_placeholders_are_found_beside_braces_that_are_meant() -> None:
    assert placeholders("{{a}} {b} {{{c}}}", "{d}") == {"b", "c", "d"}


@pytest.mark.parametrize("template", ["{a} }", "{", "{a", "{x}", "{}", "{ a }", '{"a": {a}}', "", 5, None])
def test_what_cannot_be_filled_is_refused(template: object) -> None:
    with pytest.raises(ConfigError, match=r"^where: "):
        check_template(template, "where", ("a",))


def test_what_must_be_in_it_is_named() -> None:
    check_template("{a} {{b}}", "where", ("a", "b"), needed=("a",))
    with pytest.raises(ConfigError, match=r"^where: \{b\} is not in it"):
        check_template("{a} {{b}}", "where", ("a", "b"), needed=("a", "b"))


def test_digests_part_what_differs() -> None:
    assert len({digest(said) for said in (["a", "b"], ["ab"], ["a", None], {"a": "b"}, ["a\ud800"])}) == 5
