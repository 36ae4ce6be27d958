import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplatform.ml.errors import WrongUsage
from mlplatform.ml.naming import MAX_LENGTH, batch_name_of, checked_batch_name, checked_use_case_name


@given(st.text())
def test_every_file_gets_a_name_that_may_be_a_batch(file_name: str) -> None:
    name = batch_name_of(file_name)
    assert checked_batch_name(name) == name
    assert not set(name) & set("/\\,\n \0") and ".." not in name and name[0] not in ".-"


@pytest.mark.parametrize(
    ("file_name", "batch"),
    [
        ("june.csv", "june"),
        ("2024-06-01.csv", "2024-06-01"),
        ("in/june 2024.csv", "june_2024"),
        ("a.b.csv", "a.b"),
        ("orders.jsonl.gz", "orders"),
        ("cut.csv.gz", "cut"),
        ("CUT.CSV.GZ", "CUT"),
        ("orders.gz", "orders"),
        ("2024.06.gz", "2024.06"),
        (".gz", "gz"),
        (".hidden.csv", "hidden"),
        ("-x.csv", "x"),
        ("a...b.csv", "a_b"),
        ("Köln.csv", "K_ln"),
        ("a,b.csv", "a_b"),
        ("", "batch"),
        ("..", "_"),
        ("x" * 300 + ".csv", "x" * MAX_LENGTH),
    ],
)
def test_the_name_is_that_of_the_file_as_far_as_allowed(file_name: str, batch: str) -> None:
    assert batch_name_of(file_name) == batch


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".a", "-a", "a..b", "a/b", "a,b", "a b", "a\n", "ä", "a\0", "x" * (MAX_LENGTH + 1)],
)
def test_what_means_something_in_paths_or_partition_selections_is_refused(name: str) -> None:
    with pytest.raises(WrongUsage, match="cannot name a batch: use letters") as caught:
        checked_batch_name(name)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("name", ["job_change", "a", "x9"])
def test_use_cases_have_simple_names(name: str) -> None:
    assert checked_use_case_name(name) == name


@pytest.mark.parametrize("name", ["", "9a", "A", "a-b", "a b", "_a", "a\n", "a" * 64])
def test_other_use_case_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a use case"):
        checked_use_case_name(name)
