"""A user's CSV file: what is read, and what is refused with one line."""

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from backends.errors import InputError
from qlstm import tasks
from qlstm.tasks.cells import is_date


@pytest.fixture
def write(tmp_path):
    def write(text, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def lines(*columns, header="a,b", rows=8):
    return header + "\n" + "".join(",".join(c(i) for c in columns) + "\n" for i in range(rows))


def plain(i):
    return str(i * 0.5 + 1)


def square(i):
    return str(i * i)


name = st.text(st.characters(categories=("L",)), min_size=1, max_size=8)
numbers = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=80, deadline=None)
@given(
    names=st.lists(name, min_size=1, max_size=4, unique_by=str.strip).filter(
        lambda names: not {"nan", "inf", "infinity"} & {n.lower() for n in names}
    ),
    values=arrays(np.float64, st.tuples(st.integers(4, 12), st.just(4)), elements=numbers),
    delimiter=st.sampled_from(",;\t|"),
    newline=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    bom=st.booleans(),
)
def test_written_then_read_gives_the_same_numbers(tmp_path_factory, names, values, delimiter, newline, quoting, bom):
    values = values[:, : len(names)]
    values[0], values[1] = 0.0, 1.0  # no constant column
    path = tmp_path_factory.mktemp("csv") / "series.csv"
    with path.open("w", newline="", encoding="utf-8-sig" if bom else "utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator=newline, quoting=quoting)
        writer.writerows([names, *values.tolist()])
    series = tasks.load(path, target=names[-1])
    assert series.feature_names == tuple(names) and series.target_names == (names[-1],)
    np.testing.assert_array_equal(series.values, values)
    np.testing.assert_array_equal(series.target, values[:, -1:])


def test_columns_of_choice(write):
    path = write(lines(plain, square, lambda i: str(-i), header="a,b,c"))
    series = tasks.load(str(path), target="c", features="b,a")
    assert series.feature_names == ("b", "a") and series.target_names == ("c",)
    np.testing.assert_array_equal(series.values[:, 1], np.arange(8) * 0.5 + 1)
    np.testing.assert_array_equal(series.target[:, 0], -np.arange(8.0))
    assert tasks.load(path, target="c", features=["b"]).values.shape == (8, 1)


def test_only_column_is_the_target(write):
    series = tasks.load(write(lines(plain, header="load")))
    assert series.feature_names == series.target_names == ("load",)
    assert series.name == "data" and "8 points" in series.source


DATES = [
    "2024-03-{:02d}", "2024-03-{:02d} 12:00", "2024-03-{:02d}T12:00:00Z", "2024-03-{:02d}T12:00:00.5+02:00",
    "2024/3/{}", "{:02d}.03.2024", "{}/3/24", "3/{}/2024 1:05 PM", "{} Mar 2024", "{}-Mar-24", "March {}, 2024",
    "Mon, {:02d} Mar 2024 10:00:00 GMT", "2024-{:02d}", "2024-W{:02d}", "10:{:02d}", "10:{:02d}:30",
]  # fmt: skip


@pytest.mark.parametrize("pattern", DATES)
def test_dates_are_skipped_unless_named(write, pattern):
    path = write(lines(lambda i: f'"{pattern.format(i + 1)}"', plain, header="when,y"))
    series = tasks.load(path)
    assert series.feature_names == ("y",) and "dates not used: 'when'" in series.source
    with pytest.raises(InputError, match=r"line 2, column 'when': .* is a date or time"):
        tasks.load(path, target="y", features="when,y")
    with pytest.raises(InputError, match="is a date or time"):
        tasks.load(path, target="when")


@pytest.mark.parametrize(
    "cell", ["2024.5", "2024", "20240301", "12.5", "1e3", "-3", "v1.2.3", "1234/56", "a", "", "12-1"]
)
def test_numbers_and_texts_are_no_dates(cell):
    assert not is_date(cell)


def test_spellings_of_numbers(write):
    cells = ["1", "+2.", ".5", "-1e-3", " 4 ", '"5"', "6E2", "0"]
    series = tasks.load(write("y\n" + "\n".join(cells) + "\n"))
    np.testing.assert_array_equal(series.values[:, 0], [1, 2, 0.5, -0.001, 4, 5, 600, 0])


def test_empty_lines_at_the_end_are_no_points(write):
    assert len(tasks.load(write(lines(plain, square) + "\n,\n\n"), target="a")) == 8


def test_decimal_comma_with_semicolon_is_named(write):
    path = write("t;y\n" + "".join(f"{i};{i},5\n" for i in range(9)))
    with pytest.raises(InputError, match="line 2, column 'y': decimal comma in '0,5': write decimals with a point"):
        tasks.load(path, target="y")


Y = "y\n1\n2\n3\n4\n5\n6\n"
BAD = [
    ("", None, ["empty", "column names"]),
    ("\n\n", None, ["empty"]),
    ("\n" + Y, None, ["line 1 is empty"]),
    ("y\n", None, ["header but no data"]),
    ("y\n1\n", None, ["1 row(s)", "w + 3", "7 for the usual window of 4"]),
    ("y\n1\n2\n3\n", None, ["3 row(s)"]),
    ("1,2\n3,4\n5,6\n7,8\n", "a", ["no header", "holds the number '1'"]),
    ("2024-01-01,2\n2024-01-02,4\n", "a", ["no header", "the number '2'"]),
    ("a,a\n1,2\n2,3\n3,4\n4,5\n", "a", ["2 columns named 'a'", "rename"]),
    (lines(plain, square), None, ["2 columns", "--target", "'a', 'b'"]),
    (lines(plain, square), "c", ["no column 'c'", "'a', 'b'"]),
    (lines(plain, square, header="load,temperature"), "temperatur", ["did you mean 'temperature'?"]),
    (lines(plain, square), "", ["no column ''"]),
    (lines(plain, square, header=",b"), "b", ["column 1 has no name"]),
    ("y\n1\n\n3\n4\n5\n6\n", None, ["line 3 is empty"]),
    ("a,b\n1,2\n2,\n3,4\n4,5\n", "a", ["line 3, column 'b'", "missing value ('')", "fill it in"]),
    ("a,b\n1,2\n2,4\nNaN,4\n4,5\n", "a", ["line 4, column 'a'", "missing value ('NaN')"]),
    ("y\n1\n2\nabc\n4\n5\n", None, ["line 4, column 'y'", "'abc' is not a number"]),
    ("city,y\n" + "Oslo,1\nRome,2\n" * 4, "y", ["line 2, column 'city'", "--features"]),
    ("y\n1\n2\n-inf\n4\n5\n", None, ["line 4", "'-inf' is infinite"]),
    ("y\n1\n2\n1e999\n4\n5\n", None, ["'1e999' is infinite or too large"]),
    ("y\n1\n2\n1_000\n4\n5\n", None, ["'1_000' has an underscore"]),
    ("y\n" + "7\n" * 9, None, ["column 'y' is constant (7 in all 9 rows)"]),
    (lines(plain, lambda i: "3"), "a", ["column 'b' is constant", "--features"]),
    (lines(plain, lambda i: "3"), "b", ["column 'b' is constant", "--target"]),
    ("a,b\n1,2\n2,3,4\n3,4\n4,5\n", "a", ["line 3 has 3 cells but the header 2"]),
    ("y\n1,5\n2,5\n3,5\n4,5\n", None, ["line 2 has 2 cells", "not a comma"]),
    ('y\n1\n"2\n3\n4\n5\n', None, ["not CSV", "quotes"]),
    ("y\n1\n" + "9" * 200_000 + "\n3\n4\n", None, ["line 3", "field larger than field limit"]),
    ("y\n1\n2\n" + "x" * 100_000 + "\n4\n", None, ["line 4", "xxx...'"]),
    (b"y\n1\n\xff\xfe\n2\n", None, ["not UTF-8", "byte 4"]),
    (Y.encode("utf-16"), None, ["not UTF-8"]),
    ("y\n1\n2\x003\n3\n4\n5\n", None, ["line 3"]),
    ("d\n" + "".join(f"2024-01-0{i}\n" for i in range(1, 7)), None, ["dates and times only"]),
    ("d,y\n" + "".join(f"2024-01-0{9 - i},{i}\n" for i in range(6)), None, ["'d' runs backwards in time", "sort"]),
]


@pytest.mark.parametrize(("text", "target", "words"), BAD)
def test_refusals(write, text, target, words):
    path = write(text)
    with pytest.raises(InputError) as error:
        tasks.load(path, target=target)
    message = str(error.value)
    assert str(path) in message and "\n" not in message and len(message) < 400 + len(str(path))
    for word in words:
        assert word in message


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text('ab01.-eE,;\t|"\n\r :/\x00\u2028', max_size=60).map(str.encode),
        st.text("01.-e,;\n", max_size=40).map(lambda rows: b"a,b\n" + rows.encode()),
    ),
    st.booleans(),
)
def test_any_bytes_give_a_series_or_one_line(tmp_path_factory, content, new_data):
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_bytes(content)
    try:
        series = tasks.load(path, target="a", features="a", new_data=new_data)
    except InputError as error:
        assert str(error).isprintable()
    else:
        assert series.values.shape == (len(series), 1) and np.isfinite(series.values).all()


@pytest.mark.parametrize(
    ("features", "words"),
    [
        ("a,zz", "no column 'zz'"),
        ("a,a", "each once"),
        ([], "one or more"),
        ("a,,b", "no column ''"),
        ("", "no column ''"),
    ],
)
def test_bad_features(write, features, words):
    with pytest.raises(InputError, match=words):
        tasks.load(write(lines(plain, square)), target="a", features=features)


def test_unused_columns_may_hold_anything(write):
    path = write(lines(plain, lambda i: "" if i % 2 else "text", lambda i: "7", header="y,,note"))
    assert tasks.load(path, target="y", features="y").values.shape == (8, 1)


def test_not_a_file(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        tasks.load(tmp_path)
    with pytest.raises(InputError, match=r"no file '.*gone\.csv'"):
        tasks.load(tmp_path / "gone.csv")
    with pytest.raises(InputError, match="not a regular file"):
        tasks.load("/dev/null")
    odd = tmp_path / "two\nlines.csv"
    odd.write_text(Y)
    with pytest.raises(InputError, match=r"control characters") as error:
        tasks.load(odd)
    assert "\n" not in str(error.value)


def test_a_name_and_a_file_of_that_name(write, monkeypatch):
    path = write(Y, "narma2")
    monkeypatch.chdir(path.parent)
    assert len(tasks.load("narma2")) == 300
    assert len(tasks.load("./narma2")) == len(tasks.load(path)) == 6
    with pytest.raises(InputError, match="option 'y0' is for narma2, narma5, narma10: a CSV file has"):
        tasks.load("./narma2", y0=0.1)


def test_new_data_asks_less(write):
    one = write("a,b\n1,3\n", "one.csv")
    series = tasks.load(one, target="y", features="a,b", new_data=True)
    np.testing.assert_array_equal(series.values, [[1.0, 3.0]])
    assert series.target.shape == (1, 0) and series.target_names == ()
    known = tasks.load(one, target="b", features="a", new_data=True)
    np.testing.assert_array_equal(known.target, [[3.0]])
    with pytest.raises(InputError, match="no column 'c'"):
        tasks.load(one, target="b", features="c", new_data=True)
    assert len(tasks.load("narma2", new_data=True)) == 300


def test_train_on_a_file_then_forecast_another(write):
    text = lines(plain, lambda i: str((i * 7) % 5), rows=30)
    data = tasks.Dataset.of(tasks.load(write(text), target="b"))
    scaler = tasks.Scaler.from_dict(data.scaler.to_dict())
    fresh = tasks.load(write("b,a\n1,2\n2,3\n3,4\n4,5\n", "new.csv"), target="b", features=["a", "b"], new_data=True)
    assert tasks.forecast_windows(fresh, scaler, 4).shape == (1, 4, 2)
