"""A schema as a file: what is written is read back, and every mistake is named."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anml_fl.settings.section import ConfigError
from anml_fl.tables.cell import key
from anml_fl.tables.schema import (
    LARGEST,
    MISSING,
    BooleanColumn,
    CategoryColumn,
    ClassLabel,
    DateColumn,
    IgnoredColumn,
    NumberColumn,
    Picture,
    TableSchema,
    ValueLabel,
)
from anml_fl.tables.schema_file import read_schema, schema_hash, schema_text

_ABSENT = set(map(key, MISSING))
NUMBERS = st.floats(-LARGEST, LARGEST)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda text: text.isprintable() and key(text) not in _ABSENT
)
SCALES = st.none() | st.tuples(NUMBERS, st.floats(1e-9, 1e9))


def ranges(values):
    return st.tuples(values, values).filter(lambda two: two[0] != two[1]).map(sorted)


def scaled(kind, values):
    return st.builds(
        lambda two, scale, gaps, **more: kind(
            low=two[0],
            high=two[1],
            **dict(zip(("centre", "spread"), scale or (), strict=False)),
            **({} if kind is ValueLabel else {"gaps": gaps}),
            **more,
        ),
        ranges(values),
        SCALES,
        st.booleans(),
        name=st.just("x"),
    )


def listed(low, high):
    return st.lists(TEXTS, min_size=low, max_size=high, unique_by=key).map(tuple)


COLUMNS = st.one_of(
    scaled(NumberColumn, NUMBERS),
    scaled(DateColumn, st.dates()),
    st.builds(BooleanColumn, name=st.just("x"), values=listed(2, 2), gaps=st.booleans()),
    st.builds(CategoryColumn, name=st.just("x"), values=listed(1, 40), gaps=st.booleans()),
    st.builds(
        IgnoredColumn, name=st.just("x"), why=st.text(max_size=5).filter(str.isprintable)
    ),
)
LABELS = scaled(ValueLabel, NUMBERS) | st.builds(
    lambda values: ClassLabel(name="x", classes=((values[0], values[1]), *zip(values[2:]))),
    listed(3, 9),
)


@st.composite
def schemas(draw):
    names = draw(st.lists(TEXTS, min_size=7, max_size=7, unique=True))
    columns = [
        draw(COLUMNS).model_copy(update={"name": name})
        for name in names[: draw(st.integers(0, 5))]
    ]
    picture = st.builds(
        Picture, channels=st.sampled_from([1, 3]), height=st.just(3), width=st.just(9)
    )
    return TableSchema(
        label=draw(LABELS).model_copy(update={"name": names[5]}),
        site=draw(st.sampled_from(["", names[6]])),
        columns=columns,
        picture=draw(picture if all(not c.width for c in columns) else st.none() | picture),
    )


@given(schema=schemas())
def test_what_is_written_is_read_back(schema, tmp_path_factory):
    path = tmp_path_factory.mktemp("schema") / "schema.toml"
    path.write_bytes(schema_text(schema).encode())
    again = read_schema(path)
    assert again == schema
    assert schema_text(again) == schema_text(schema)
    assert schema_hash(again) == schema_hash(schema)
    assert again.model_dump() == TableSchema.model_validate(schema.model_dump()).model_dump()


SEX = CategoryColumn(name="sex", values=("f", "m"))
AGE = NumberColumn(name="age", low=0, high=130)
SICK = ClassLabel(name="sick", classes=(("0",), ("1", "2")))
SMALL = TableSchema(label=SICK, columns=(SEX, AGE))


def test_the_hash_sees_what_is_said_and_not_how(tmp_path):
    path = tmp_path / "schema.toml"
    text = schema_text(SMALL).replace("# ", "#   ").replace('["f", "m"]', '[\n"f",\n "m",]')
    path.write_text(text.replace("high = 130", "high = 130.0"))
    assert schema_hash(read_schema(path)) == schema_hash(SMALL)
    others = [
        SMALL.model_copy(update={"columns": (AGE, SEX)}),
        SMALL.model_copy(update={"missing": ("",)}),
        SMALL.model_copy(update={"site": "hospital"}),
        SMALL.model_copy(update={"label": ClassLabel(name="sick", classes=(("0",), ("1",)))}),
        SMALL.model_copy(update={"columns": (SEX, AGE.model_copy(update={"gaps": True}))}),
    ]
    assert len({schema_hash(one) for one in [SMALL, *others]}) == 6


def test_whole_numbers_have_no_decimals_and_one_value_no_brackets():
    told = tomllib.loads(schema_text(SMALL))
    assert told["label"]["classes"] == ["0", ["1", "2"]]
    assert "high = 130\n" in schema_text(SMALL)


def test_each_kind_is_explained_once_and_no_line_is_long():
    many = tuple(f"a value with words {i}" for i in range(60))
    more = CategoryColumn(name="more", values=many)
    text = schema_text(SMALL.model_copy(update={"columns": (SEX, AGE, more)}))
    assert text.count("# Categories:") == text.count("# Numbers. absent") == 1
    assert max(map(len, text.splitlines())) <= 95


HEAD = '[label]\nkind = "class"\nname = "sick"\nclasses = ["0", "1"]\n'
COLUMN = HEAD + '[[columns]]\nname = "age"\n'
NUMBER = COLUMN + 'kind = "number"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "no schema: not valid TOML: Expected '=' after a key"),
        (
            "",
            "[label] is missing; what is to be predicted needs a name and a kind: class,",
        ),
        (HEAD, "a column is needed, to predict from"),
        (
            "lable = 1\n" + HEAD,
            "unknown key 'lable'; did you mean label? known: version, site,",
        ),
        ("version = 2\n" + HEAD, "version: must be 1, got 2"),
        ("label = 3", "[label]: must be a table of keys and values, got 3"),
        (HEAD.replace('"0", "1"', '"0"'), "[label], classes: must be 2 at least, got 1"),
        (
            HEAD.replace('"0", "1"', '0, "1"'),
            "[label], classes: must be texts in quotes, got 0",
        ),
        (
            COLUMN + 'kind = "category"\nvalues = ["a", ["b", "bb"]]',
            "values: must be texts in quotes; spellings of one category are made one in the",
        ),
        (
            HEAD.replace("class", "klass", 1),
            "[label], kind: unknown 'klass'; did you mean class? known: class, value",
        ),
        (
            COLUMN,
            "column 'age', kind is missing; known: number, date, boolean, category, ignored",
        ),
        (
            COLUMN + 'kind = "float"',
            "column 'age', kind: unknown 'float'; known: number, date,",
        ),
        (NUMBER + "low = 1", "column 'age', high is missing"),
        (
            NUMBER + "low = 1\nhihg = 2",
            "column 'age', unknown key 'hihg'; did you mean high? known: name",
        ),
        (NUMBER + "low = 9\nhigh = 2", "column 'age': low must lie below high, got 9 and 2"),
        (
            NUMBER + 'low = "2,5"\nhigh = 3',
            "low: must be a number, with a point before its decim",
        ),
        (
            NUMBER + "low = 1\nhigh = 2\nspread = 0",
            "spread: must lie between 1e-15 and 1e+15; take another unit, got 0",
        ),
        (NUMBER + "low = 1\nhigh = true", "high: must be a number, with a point before"),
        (NUMBER + "low = 1\nhigh = 2e15", "high: must lie between -1e+15 and 1e+15; take"),
        (NUMBER + f"low = 1\nhigh = 1{'0' * 400}", "another unit, got a number of 401 digits"),
        (NUMBER + f"low = 1\nhigh = 1{'0' * 5000}", "toml: a whole number in it has too many"),
        (NUMBER + "low = 1\nhigh = 2\ncentre = 1e16\nspread = 1", "centre: must lie between"),
        (
            HEAD + '[[columns]]\nname = "a\\u001b"\nkind = "ignored"',
            "name: must have printable",
        ),
        (COLUMN + 'kind = "category"\nvalues = ["a\\tb"]', "values: must have printable"),
        ('site = "a\\u0000"\n' + HEAD, "site: must have printable characters alone"),
        (HEAD.replace('"0"', '"a\\u001b"'), "classes: must have printable characters"),
        (
            NUMBER + "low = 1\nhigh = 2\nspread = 1",
            "column 'age': give centre and spread, or nei",
        ),
        (
            NUMBER + "low = 1\nhigh = 2\nabsent = 9",
            "absent: must be a list in square brackets",
        ),
        (
            NUMBER + 'low = 1\nhigh = 2\ngaps = "often"',
            "gaps: must be true or false, got 'often'",
        ),
        (COLUMN + 'kind = "boolean"\nvalues = ["1"]', "values: must be two texts, no and yes"),
        (COLUMN + 'kind = "boolean"\nvalues = ["1", "1.0"]', "'age': a value is there twice"),
        (COLUMN + 'kind = "category"\nvalues = []', "values: must be 1 at least, got 0"),
        (
            COLUMN + 'kind = "category"\nvalues = ["?"]',
            "a value is also listed under `missing`",
        ),
        (
            COLUMN + 'kind = "date"\nlow = 2020-01-01\nhigh = "x"',
            "must be a date, as 2024-12-31",
        ),
        ("columns = [3]\n" + HEAD, "column 1: must be a table of keys and values, got 3"),
        ("columns = 3\n" + HEAD, "columns: must be a list in square brackets, got 3"),
        (HEAD + '[[columns]]\nkind = "ignored"', "column 1, name is missing"),
    ],
)
def test_a_mistake_is_named_with_what_would_be_right(text, message, tmp_path):
    path = tmp_path / "schema.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_schema(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")


def test_all_mistakes_are_named_at_once(tmp_path):
    path = tmp_path / "schema.toml"
    path.write_text(NUMBER + 'low = "a"\nhigh = "b"\nwide = 1\n')
    with pytest.raises(ConfigError) as caught:
        read_schema(path)
    assert len(str(caught.value).splitlines()) == 3
    assert caught.value.__cause__ is None


def test_a_long_text_in_the_wrong_place_is_not_quoted(tmp_path):
    path = tmp_path / "schema.toml"
    path.write_text(NUMBER + f'low = "{"63;1;" * 30}"\nhigh = 3\n')
    with pytest.raises(ConfigError, match="got a text of 150 characters"):
        read_schema(path)
