import csv
from pathlib import Path

import pandas as pd
import pytest

from mlplatform.cli.predict import predictions_for
from mlplatform.container.scoring import Model
from mlplatform.defs.job_change.sample import generate
from mlplatform.ml.file_format import PLAIN, FileFormat
from mlplatform_tests.container.served import model_folder

GERMAN = FileFormat(delimiter=";", encoding="cp1252", decimal=",", missing=("k.A.",))


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Rows without the target, which a prediction needs not."""
    return generate(50, seed=77).drop(columns="target")


def test_a_file_in_another_spelling_gives_the_same_predictions(
    trained_home: Path, tmp_path: Path, rows: pd.DataFrame
) -> None:
    model = Model(model_folder(trained_home))
    plain, german, parquet = (tmp_path / name for name in ("plain", "german", "parquet"))
    rows.to_csv(plain, index=False)
    rows.to_csv(german, index=False, sep=";", decimal=",", na_rep="k.A.", encoding="cp1252")
    rows.to_parquet(parquet)
    expected, none = predictions_for(model, plain, PLAIN)
    assert len(expected) == 50 and none == []
    for file, file_format in ((german, GERMAN), (parquet, PLAIN), (parquet, GERMAN)):
        found, cases = predictions_for(model, file, file_format)
        assert cases == []
        pd.testing.assert_frame_equal(found, expected)


def test_a_bad_value_is_told_as_the_file_spells_it(
    trained_home: Path, tmp_path: Path, rows: pd.DataFrame
) -> None:
    file = tmp_path / "german.csv"
    rows.to_csv(file, index=False, sep=";", decimal=",", na_rep="k.A.")
    lines = list(csv.reader(file.read_text().splitlines(), delimiter=";"))
    lines[3][2] = "0.92"
    file.write_text("\n".join(";".join(line) for line in lines) + "\n")
    found, cases = predictions_for(Model(model_folder(trained_home)), file, GERMAN)
    assert len(found) == 49 and 3 not in found["row"].tolist()
    assert [(case.row, case.column, case.value) for case in cases] == [(3, "city_development_index", "0.92")]
