"""Attributes into fields, a column at a time: the rules are those of fit.py."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from llmobs.server.collector import columns, fit, flat, textcolumns
from llmobs.server.collector.textcolumns import Places
from llmobs.signal import Field

NAMES = list(fit.WATCHED)
PLACE = {attribute: place for place, attribute in enumerate(NAMES)}
WATCHED = pa.array(NAMES)
Mask = npt.NDArray[np.bool_]


class Pairs:
    """The attributes of all spans, one after the other, and the row of the span each belongs to."""

    def __init__(self, keys: pa.StringArray, values: pa.StructArray, rows: Places) -> None:
        self.keys, self.values, self.rows = keys, values, rows
        self._fitting: dict[type, tuple[pa.Array, Mask]] = {}

    def fitting(self, kind: type) -> tuple[pa.Array, Mask]:
        """The attributes' values where a field of type `kind` takes them as they are, and where that is."""
        if kind not in self._fitting:
            column = self.values.field("array" if kind is list else fit.KINDS[kind])
            if kind is list:
                column = textcolumns.distinct(column, lambda array: fit.strings(array)[0])
            if kind is float:
                column = pc.if_else(pc.is_finite(column), column, None)
            self._fitting[kind] = column, np.asarray(column.is_valid(), bool)
        return self._fitting[kind]


class Found(NamedTuple):
    """The fields' columns by name; which pairs they took; by row the fields that are not word for word."""

    columns: dict[str, pa.Array]
    taken: Mask
    ways: dict[int, dict[str, str]]


def fields(pairs: Pairs, count: int) -> Found:
    """The fields of `count` spans."""
    places = _by_attribute(pairs)
    found = Found({}, np.zeros(len(pairs.keys), bool), {})
    for name, field in fit.SPAN_FIELDS.items():
        said = [(a, places[PLACE[a]]) for a in (field.attribute, *field.also) if len(places[PLACE[a]])]
        kind = columns.TYPES[field.type]
        found.columns[name] = (
            _Column(name, field, pairs, found, count).of(said) if said else pa.nulls(count, kind)
        )
    return found


def _by_attribute(pairs: Pairs) -> list[Places]:
    """For each watched attribute where it stands, in order."""
    code = np.asarray(pc.fill_null(pc.index_in(pairs.keys, WATCHED), -1))
    order = np.argsort(code, kind="stable")
    bounds = np.searchsorted(code[order], np.arange(len(NAMES) + 1))
    return [order[start:end] for start, end in pairwise(bounds.tolist())]


class _Column:
    """One field on its way: `source` says for each row where its value stands, -1 for nowhere yet."""

    def __init__(self, name: str, field: Field, pairs: Pairs, found: Found, count: int) -> None:
        self.name, self.field, self.pairs, self.found = name, field, pairs, found
        self.source = np.full(count, -1, np.int64)
        self.odd: dict[int, object] = {}  # row -> a value that is not simply the attribute's

    def of(self, said: list[tuple[str, Places]]) -> pa.Array:
        """The column, from the attributes that are said, best name first."""
        for attribute, places in said:
            self._take(attribute, places)
        kind = columns.TYPES[self.field.type]
        made = self.pairs.fitting(self.field.type)[0].take(pa.array(self.source, mask=self.source < 0))
        if self.odd:
            rows = np.zeros(len(made), bool)
            rows[list(self.odd)] = True
            odd = pa.array([self.odd[row] for row in np.flatnonzero(rows).tolist()], kind)
            made = pc.replace_with_mask(made, rows, odd)
        return made if made.type == kind else made.cast(kind)

    def _take(self, attribute: str, places: Places) -> None:
        rows = self.pairs.rows[places]
        last = np.append(rows[1:] != rows[:-1], True)  # of the same name twice the last one counts
        own = attribute == self.field.attribute
        free = self.source[rows[last]] < 0
        if self.odd:
            free &= ~np.isin(rows[last], list(self.odd))
        tops, of_rows = places[last][free], rows[last][free]
        fits = self.pairs.fitting(self.field.type)[1][tops]
        self.source[of_rows[fits]] = tops[fits]
        whole = np.zeros(len(self.source), bool)  # rows whose attribute goes into the field as it is
        whole[of_rows[fits]] = True
        if not own:
            self._note(of_rows[fits], "copied")
        if self.field.type is float:
            fits |= self._from_ints(tops, of_rows)
        for place, row in zip(tops[~fits].tolist(), of_rows[~fits].tolist(), strict=True):
            value, way = self._odd(place)
            if way:
                self.odd[row] = value
                whole[row] = way != "copied"
                if way != "own" or not own:
                    self._note([row], way if own else "copied")
        if own:
            self.found.taken[places[whole[rows]]] = True

    def _from_ints(self, places: Places, rows: Places) -> Mask:
        """JavaScript sends 1.0 as the int 1: often, so not one at a time."""
        ints, there = self.pairs.fitting(int)
        found = there[places]
        values = ints.take(pa.array(places[found])).to_pylist()
        self.odd.update(zip(rows[found].tolist(), map(float, values), strict=True))
        self._note(rows[found], "copied")
        return found

    def _odd(self, place: int) -> tuple[object, str]:
        value = self.pairs.values[place].as_py() or {}
        said = {kind: v for kind, v in value.items() if v is not None}
        return fit.take(self.field, flat.AnyValue(**said))

    def _note(self, rows: npt.ArrayLike, way: str) -> None:
        for row in np.asarray(rows).tolist():
            self.found.ways.setdefault(row, {})[self.name] = way


def rest(pairs: Pairs, found: Found, count: int) -> pa.StringArray:
    """The JSON objects of what no field took."""
    places = np.flatnonzero(~found.taken)
    offsets = np.concatenate(
        [np.zeros(1, np.int64), np.cumsum(np.bincount(pairs.rows[places], minlength=count))]
    )
    at = pa.array(places)
    return textcolumns.objects(offsets, pairs.keys.take(at), pairs.values.take(at))


def notes(found: Found, count: int) -> tuple[pa.StringArray, pa.StringArray]:
    """The columns `copied` and `structured`."""
    copied: list[str | None] = [None] * count
    structured: list[str | None] = [None] * count
    for row, ways in found.ways.items():
        copied[row] = fit.copied(ways)
        structured[row] = fit.structured(n for n in ways if ways[n] == "structured")
    return pa.array(copied, pa.string()), pa.array(structured, pa.string())


def first_string(pairs: Pairs, names: tuple[str, ...], count: int) -> pa.StringArray:
    """For each row the string of the first of `names` that it has, NULL where it has none."""
    strings = pairs.values.field("string")
    found: list[str | None] = [None] * count
    for name in reversed(names):
        places = np.flatnonzero(np.asarray(pc.fill_null(pc.equal(pairs.keys, name), False)))
        for place in places.tolist():
            text = strings[place].as_py()
            if text is not None and len(text) <= fit.LONGEST_NAME:
                found[int(pairs.rows[place])] = text
    return pa.array(found, pa.string())
