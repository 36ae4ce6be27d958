import pytest

from mlplatform.ml.file_format import PLAIN, FileFormat


@pytest.mark.parametrize(
    ("given", "name"),
    [("latin-1", "iso8859-1"), ("UTF8", "utf-8"), ("cp1252", "cp1252"), ("utf-16", "utf-16")],
)
def test_an_encoding_has_one_name(given: str, name: str) -> None:
    assert FileFormat(encoding=given).encoding == name
    assert FileFormat(encoding="UTF8") == PLAIN


@pytest.mark.parametrize("encoding", ["nonsense", "base64", "rot13", "hex", "undefined", ""])
def test_what_is_no_encoding_of_text_is_refused(encoding: str) -> None:
    with pytest.raises(ValueError, match="unknown encoding"):
        FileFormat(encoding=encoding)


@pytest.mark.parametrize(
    "dates",
    ["%m/%d/%Y", "%d.%m.%y", "%d-%b-%Y", "%Y%m%d", "%Y-%j", "%d/%m/%Y %I:%M %p", "%Y-%m-%dT%H:%M:%S.%f%z"],
)
def test_formats_that_tell_the_day_are_dates(dates: str) -> None:
    assert FileFormat(dates=dates).dates == dates


@pytest.mark.parametrize(
    ("dates", "complaint"),
    [
        ("%m/%d", "leaves open which day"),
        ("%m/%Y", "leaves open which day"),
        ("%H:%M", "leaves open which day"),
        ("%d/%m/%Y %I:%M", "which half of it"),
        ("%c", "unknown directive %c"),
        ("%d.%m.%Y %", "no format of dates"),
        ("DD.MM.YYYY", "leaves open which day"),
    ],
)
def test_formats_that_would_change_dates_are_refused(dates: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        FileFormat(dates=dates)


def test_unknown_words_are_refused() -> None:
    for wrong in ({"delimiter": ":"}, {"decimal": "'"}, {"separator": ";"}):
        with pytest.raises(ValueError):
            FileFormat(**wrong)
