"""As much of GitHub's `${{ }}` as action.yml and the examples use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<op>&&|\|\||==|!=|!|[(),])|'(?P<text>(?:[^']|'')*)'|(?P<name>[A-Za-z_][\w.-]*))"
)
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def render(text: str, contexts: Mapping[str, Any]) -> str:
    """`text` with every expression in it replaced by its value."""
    return _EXPRESSION.sub(lambda found: _shown(evaluate(found[1], contexts)), text)


def holds(condition: str, contexts: Mapping[str, Any]) -> bool:
    """Whether an `if:` lets its step or job run."""
    found = _EXPRESSION.fullmatch(condition.strip())
    inner = found[1] if found else condition
    if not re.search(r"\b(always|cancelled|failure|success)\(", inner):
        inner = f"success() && ({inner})"
    return bool(evaluate(inner, contexts))


def evaluate(expression: str, contexts: Mapping[str, Any]) -> Any:
    """The value of one expression; a name that nobody knows is empty, as it is to GitHub."""
    tokens = list(_TOKEN.finditer(expression.strip()))
    assert "".join(each[0] for each in tokens) == expression.strip(), expression
    return _Parser(
        [(str(each.lastgroup), each[each.lastgroup or 0]) for each in tokens], contexts
    ).whole()


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], contexts: Mapping[str, Any]) -> None:
        self._tokens = tokens
        self._contexts = contexts
        self._at = 0

    def whole(self) -> Any:
        value = self._or()
        assert self._at == len(self._tokens), self._tokens[self._at :]
        return value

    def _takes(self, word: str) -> bool:
        taken = self._at < len(self._tokens) and self._tokens[self._at] == ("op", word)
        self._at += taken
        return taken

    def _or(self) -> Any:
        value = self._and()
        while self._takes("||"):
            other = self._and()
            value = value or other
        return value

    def _and(self) -> Any:
        value = self._equal()
        while self._takes("&&"):
            other = self._equal()
            value = value and other
        return value

    def _equal(self) -> Any:
        value = self._one()
        if self._takes("=="):
            return _shown(value) == _shown(self._one())
        if self._takes("!="):
            return _shown(value) != _shown(self._one())
        return value

    def _one(self) -> Any:
        if self._takes("!"):
            return not self._one()
        if self._takes("("):
            value = self._or()
            assert self._takes(")")
            return value
        kind, word = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            return word.replace("''", "'")
        assert kind == "name", word
        return self._call(word) if self._takes("(") else self._look_up(word)

    def _call(self, name: str) -> Any:
        given: list[Any] = []
        while not self._takes(")"):
            given.append(self._or())
            self._takes(",")
        if name == "format":
            return str(given[0]).format(*map(_shown, given[1:]))
        status: Callable[[], bool] = self._contexts["functions"][name]
        return status()

    def _look_up(self, name: str) -> Any:
        value: Any = self._contexts
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value
