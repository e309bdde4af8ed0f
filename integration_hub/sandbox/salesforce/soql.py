"""SOQL, the subset an integration uses, translated to SQL over the stored records.

Field names are checked against the schema and literals against the field's type, with Salesforce's error codes, so that
a query which passes here does not fail on its first day in a real org for a reason that could have been seen here.
"""

# ruff: noqa: S608 -- table and column names come from declarations, values are always parameters

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from .. import stamps
from . import ids
from .errors import RowError
from .fields import NUMBERS, Field, SObject
from .schema import BY_LOWER, known
from .tokens import Token, malformed, tokens, unquoted

_RELATIVE = re.compile(r"(TODAY|YESTERDAY|TOMORROW|LAST_N_DAYS:(\d+)|NEXT_N_DAYS:(\d+))", re.IGNORECASE)


@dataclass(slots=True)
class Path:
    """A selected or filtered field: the parents on the way, and the field at its end."""

    parents: tuple[str, ...]
    field: Field
    alias: str

    @property
    def sql(self) -> str:
        return f'{self.alias}."{self.field.column}"'


@dataclass(slots=True)
class Query:
    """A translated query."""

    target: SObject
    paths: list[Path] = field(default_factory=list)
    counts: bool = False
    joins: dict[tuple[str, ...], tuple[str, SObject]] = field(default_factory=dict)
    join_sql: list[str] = field(default_factory=list)
    where: str = "1"
    params: list[Any] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    limit: int = -1
    offset: int = 0

    def ids_sql(self, *, with_deleted: bool) -> str:
        """All matching ids in order."""
        alive = "1" if with_deleted else 't0."IsDeleted" = 0'
        order = ", ".join([*self.order, "t0.id"])
        return (
            f'SELECT t0.id FROM "salesforce_{self.target.name}" t0 {" ".join(self.join_sql)}'
            f" WHERE {alive} AND ({self.where}) ORDER BY {order} LIMIT {self.limit} OFFSET {self.offset}"
        )

    def bodies_sql(self, count: int) -> str:
        """The records and their parents, for ids that come from `ids_sql`."""
        bodies = ", ".join(["t0.id", "t0.body", *(f"{alias}.body" for alias, _ in self.joins.values())])
        marks = ",".join("?" * count)
        return (
            f'SELECT {bodies} FROM "salesforce_{self.target.name}" t0 {" ".join(self.join_sql)}'
            f" WHERE t0.id IN ({marks})"
        )


class Parser:
    """Recursive descent over the tokens of one query."""

    def __init__(self, soql: str, now_ms: int, *, packages: bool = True) -> None:
        self._tokens = tokens(soql)
        self._at = 0
        self._now = now_ms
        self._packages = packages

    # -- tokens -------------------------------------------------------------------------------------------------

    def _peek(self, ahead: int = 0) -> Token:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else Token("end", "")

    def _next(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _take(self, *words: str) -> bool:
        """Consume the words if they come next."""
        if all(self._peek(n).word == word for n, word in enumerate(words)):
            self._at += len(words)
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            found = self._peek().text or "<EOF>"
            raise malformed(f"unexpected token: '{found}'; expected {word}")

    # -- statement ----------------------------------------------------------------------------------------------

    def parse(self) -> Query:
        query = self._select()
        if self._peek().kind != "end":
            raise malformed(f"unexpected token: '{self._peek().text}'")
        return query

    def _select(self) -> Query:
        self._expect("SELECT")
        selected = self._field_list()
        self._expect("FROM")
        name = self._next()
        target = known(name.text, packages=self._packages)
        if target is None:
            raise RowError(
                "INVALID_TYPE",
                f"sObject type '{name.text}' is not supported. If you are attempting to use a custom object, be sure"
                " to append the '__c' after the entity name.",
            )
        query = Query(target)
        self._resolve(query, selected)
        if self._take("WHERE"):
            query.where = self._either(query)
        if self._take("ORDER", "BY"):
            query.order = self._ordering(query)
        if self._take("LIMIT"):
            query.limit = int(self._number())
        if self._take("OFFSET"):
            query.offset = int(self._number())
        self._take("ALL", "ROWS")
        return query

    def _field_list(self) -> list[str]:
        names: list[str] = []
        while True:
            token = self._next()
            if token.kind != "name":
                raise malformed(f"unexpected token: '{token.text or '<EOF>'}'")
            if self._take("("):
                inner = "" if self._peek().word == ")" else self._next().text
                self._expect(")")
                names.append(f"{token.text.upper()}({inner.upper()})")
            else:
                names.append(token.text)
            if not self._take(","):
                return names

    def _resolve(self, query: Query, names: list[str]) -> None:
        if names == ["COUNT()"]:
            query.counts = True
            return
        for name in names:
            if name.startswith("FIELDS("):
                wanted = {"FIELDS(ALL)": (True, False), "FIELDS(STANDARD)": (False,), "FIELDS(CUSTOM)": (True,)}
                if name not in wanted:
                    raise malformed(f"unexpected token: '{name}'")
                fields = [item for item in query.target.fields.values() if item.custom in wanted[name]]
                query.paths += [Path((), item, "t0") for item in fields]
            elif "(" in name:
                raise malformed(f"aggregate {name} is not supported here")
            else:
                query.paths.append(self._path(query, name))
        seen: set[tuple[tuple[str, ...], str]] = set()
        for path in query.paths:
            key = (path.parents, path.field.name)
            if key in seen:
                raise malformed(f"duplicate field selected: {path.field.name}")
            seen.add(key)

    def _path(self, query: Query, name: str) -> Path:
        """Resolve `Contract__r.Account.Name`, joining parents as needed."""
        *parents, last = name.split(".")
        current, alias = query.target, "t0"
        walked: tuple[str, ...] = ()
        if parents and parents[0].lower() == query.target.name.lower():
            parents = parents[1:]
        for parent in parents:
            link = current.parents.get(parent.lower())
            if link is None:
                raise RowError("INVALID_FIELD", f"Didn't understand relationship '{parent}' in field path.", status=400)
            walked = (*walked, link.relationship)
            if walked not in query.joins:
                joined = f"j{len(query.joins) + 1}"
                target = BY_LOWER[link.refers.lower()]
                query.joins[walked] = (joined, target)
                query.join_sql.append(
                    f'LEFT JOIN "salesforce_{target.name}" {joined} ON {joined}.id = {alias}."{link.column}"'
                )
            alias, current = query.joins[walked]
        found = current.by_lower.get(last.lower())
        if found is None:
            raise RowError(
                "INVALID_FIELD",
                f"No such column '{last}' on entity '{current.name}'. If you are attempting to use a custom field, be"
                " sure to append the '__c' after the custom field name.",
            )
        return Path(walked, found, alias)

    def _ordering(self, query: Query) -> list[str]:
        parts = []
        while True:
            path = self._path(query, self._next().text)
            direction = "DESC" if self._take("DESC") else "ASC"
            self._take("ASC")
            nulls = "LAST" if self._take("NULLS", "LAST") else "FIRST"
            self._take("NULLS", "FIRST")
            collate = "" if path.field.type in NUMBERS else " COLLATE NOCASE"
            parts.append(f"{path.sql}{collate} {direction} NULLS {nulls}")
            if not self._take(","):
                return parts

    def _number(self) -> str:
        token = self._next()
        if token.kind != "number":
            raise malformed(f"unexpected token: '{token.text or '<EOF>'}'")
        return token.text

    # -- conditions ---------------------------------------------------------------------------------------------

    def _either(self, query: Query) -> str:
        parts = [self._both(query)]
        while self._take("OR"):
            parts.append(self._both(query))
        return " OR ".join(parts) if len(parts) > 1 else parts[0]

    def _both(self, query: Query) -> str:
        parts = [self._negated(query)]
        while self._take("AND"):
            parts.append(self._negated(query))
        return " AND ".join(parts)

    def _negated(self, query: Query) -> str:
        if self._take("NOT"):
            return f"NOT ({self._negated(query)})"
        if self._take("("):
            inner = self._either(query)
            self._expect(")")
            return f"({inner})"
        return self._comparison(query)

    def _comparison(self, query: Query) -> str:
        token = self._next()
        if token.kind != "name":
            raise malformed(f"unexpected token: '{token.text or '<EOF>'}'")
        path = self._path(query, token.text)
        column = path.sql
        collate = " COLLATE NOCASE" if path.field.type in {"string", "picklist", "textarea"} else ""
        if self._take("LIKE"):
            query.params.append(self._pattern())
            return f"{column} LIKE ? ESCAPE '\\'"
        negative = self._take("NOT", "IN")
        if negative or self._take("IN"):
            return self._membership(query, path, negative)
        operator = self._next().text
        if operator not in {"=", "!=", "<>", "<", ">", "<=", ">="}:
            raise malformed(f"unexpected token: '{operator or '<EOF>'}'")
        if relative := _RELATIVE.fullmatch(self._peek().text):
            self._next()
            return self._relative(query, path, operator, relative)
        value = self._value(path.field)
        if value is None:
            if operator not in {"=", "!=", "<>"}:
                raise malformed("null can only be compared with = and !=")
            return f"{column} IS NULL" if operator == "=" else f"{column} IS NOT NULL"
        query.params.append(value)
        sql = {"=": "IS", "!=": "IS NOT", "<>": "IS NOT"}.get(operator, operator)
        return f"{column} {sql} ?{collate}"

    def _pattern(self) -> str:
        token = self._next()
        if token.kind != "text":
            raise malformed(f"unexpected token: '{token.text or '<EOF>'}'")
        return unquoted(token.text, keep="%_")

    def _membership(self, query: Query, path: Path, negative: bool) -> str:
        self._expect("(")
        if self._peek().word == "SELECT":
            inner = self._select()
            if len(inner.paths) != 1:
                raise malformed("an inner query must select exactly one field")
            self._expect(")")
            query.params += inner.params
            column = f'{inner.paths[0].alias}."{inner.paths[0].field.column}"'
            subquery = inner.ids_sql(with_deleted=False).replace("SELECT t0.id", f"SELECT {column}", 1)
            return f"{path.sql} {'NOT IN' if negative else 'IN'} ({subquery})"
        marks = []
        while True:
            query.params.append(self._value(path.field))
            marks.append("?")
            if not self._take(","):
                break
        self._expect(")")
        if negative:
            return f"({path.sql} IS NULL OR {path.sql} NOT IN ({','.join(marks)}))"
        return f"{path.sql} IN ({','.join(marks)})"

    def _relative(self, query: Query, path: Path, operator: str, match: re.Match[str]) -> str:
        """TODAY and its relatives are ranges; a comparison with one is a comparison with its start or end."""
        if path.field.type not in {"date", "datetime"}:
            raise self._mistyped(path.field)
        midnight = datetime.fromtimestamp(self._now / 1000, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        word = match[1].upper()
        first, last = 0, 1
        if word == "YESTERDAY":
            first, last = -1, 0
        elif word == "TOMORROW":
            first, last = 1, 2
        elif match[2]:
            first, last = -int(match[2]), 1
        elif match[3]:
            first, last = 1, int(match[3]) + 1
        bounds = [midnight + timedelta(days=n) for n in (first, last)]
        if path.field.type == "date":
            start, end = (f"{moment:%Y-%m-%d}" for moment in bounds)
        else:
            start, end = (stamps.compact(round(moment.timestamp() * 1000)) for moment in bounds)
        column = path.sql
        if operator in {"=", "!=", "<>"}:
            query.params += [start, end]
            sql = f"({column} >= ? AND {column} < ?)"
            return sql if operator == "=" else f"NOT {sql}"
        query.params.append(end if operator in {">", "<="} else start)
        return f"{column} {'>=' if operator in {'>', '>='} else '<'} ?"

    def _value(self, target: Field) -> Any:
        """A literal, checked against the type of the field it is compared with."""
        token = self._next()
        if token.word == "NULL":
            return None
        match target.type:
            case "boolean" if token.word in {"TRUE", "FALSE"}:
                return int(token.word == "TRUE")
            case kind if kind in NUMBERS and token.kind == "number":
                return float(token.text)
            case "date" if token.kind == "date":
                return token.text
            case "datetime" if token.kind == "datetime":
                return stamps.compact(stamps.parse(token.text))
            case "id" | "reference" if token.kind == "text":
                text = unquoted(token.text)
                return ids.normal(text) or text
            case "string" | "textarea" | "picklist" if token.kind == "text":
                return unquoted(token.text)
        if token.kind in {"end", "sign"}:
            raise malformed(f"unexpected token: '{token.text or '<EOF>'}'")
        raise self._mistyped(target)

    @staticmethod
    def _mistyped(target: Field) -> RowError:
        quoted = target.type in {"string", "textarea", "picklist", "id", "reference"}
        rule = "should be enclosed in quotes" if quoted else "should not be enclosed in quotes"
        return RowError(
            "INVALID_FIELD",
            f"value of filter criterion for field '{target.name}' must be of type {target.type} and {rule}",
        )
