import os
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from mlplatform.lineage.records import latest_by_batch
from mlplatform.ml.errors import DamagedSnapshot, UnreadableFile, WrongUsage
from mlplatform.ml.hashing import file_sha256
from mlplatform.ml.steps import LANDED_FILE
from mlplatform.resources.landed_files import LandedFiles, Landing, partitions_name, refuse_another_file

CONTENT = b"a,b\r\n1,2\r\n"


@pytest.fixture
def landed(tmp_path: Path) -> LandedFiles:
    return LandedFiles(root=str(tmp_path / "landed"))


@pytest.fixture
def june(tmp_path: Path) -> Path:
    file = tmp_path / "june 2024.csv"
    file.write_bytes(CONTENT)
    return file


def events(instance: dg.DagsterInstance) -> list[dg.AssetMaterialization]:
    which = dg.AssetRecordsFilter(asset_key=dg.AssetKey(["case", LANDED_FILE]))
    records = instance.fetch_materializations(which, limit=100).records
    return [record.asset_materialization for record in records if record.asset_materialization]


def test_landing_keeps_the_bytes_and_says_so(
    instance: dg.DagsterInstance, landed: LandedFiles, june: Path
) -> None:
    landing = landed.land(instance, "case", june, "june")
    assert landing == Landing("june", file_sha256(june), len(CONTENT), "new batch")
    assert landed.place(landing.sha256).read_bytes() == CONTENT
    assert [path.name for path in Path(landed.root).iterdir()] == [landing.sha256]
    assert instance.get_dynamic_partitions(partitions_name("case")) == ["june"]
    (event,) = events(instance)
    assert (event.partition, event.tags["dagster/data_version"]) == ("june", landing.sha256)
    assert {name: event.metadata[name].value for name in ("file", "bytes", "sha256")} == {
        "file": "june 2024.csv",
        "bytes": len(CONTENT),
        "sha256": landing.sha256,
    }
    record = latest_by_batch(instance, "case", LANDED_FILE)["june"]
    assert (record.path, record.details) == (landing.sha256, {"file": "june 2024.csv"})


def test_the_same_bytes_again_change_nothing(
    instance: dg.DagsterInstance, landed: LandedFiles, june: Path
) -> None:
    first = landed.land(instance, "case", june, "june")
    copy = june.with_name("renamed.csv")
    copy.write_bytes(CONTENT)
    assert landed.land(instance, "case", copy, "june").change == "nothing: same bytes"
    assert len(events(instance)) == 1
    assert [path.name for path in Path(landed.root).iterdir()] == [first.sha256]


def test_other_bytes_are_a_new_version_and_the_old_ones_stay(
    instance: dg.DagsterInstance, landed: LandedFiles, june: Path
) -> None:
    first = landed.land(instance, "case", june, "june")
    june.write_bytes(CONTENT + b"3,4\r\n")
    second = landed.land(instance, "case", june, "june")
    assert second.change == "new version"
    assert landed.place(first.sha256).read_bytes() == CONTENT
    assert latest_by_batch(instance, "case", LANDED_FILE)["june"].sha256 == second.sha256
    june.write_bytes(CONTENT)
    assert landed.land(instance, "case", june, "june").change == "new version"
    assert latest_by_batch(instance, "case", LANDED_FILE)["june"].sha256 == first.sha256


def test_the_same_bytes_may_be_two_batches_and_two_use_cases(
    instance: dg.DagsterInstance, landed: LandedFiles, june: Path
) -> None:
    changes = [
        landed.land(instance, case, june, batch).change for case in ("case", "other") for batch in "ab"
    ]
    assert changes == ["new batch"] * 4
    assert len(list(Path(landed.root).iterdir())) == 1


def test_a_file_that_grows_meanwhile_is_kept_as_it_was_copied(landed: LandedFiles, june: Path) -> None:
    sha256 = landed.keep(june)
    with june.open("ab") as growing:
        growing.write(b"3,4\r\n")
    assert file_sha256(landed.place(sha256)) == sha256
    longer = landed.keep(june)
    assert longer != sha256 and file_sha256(landed.place(longer)) == longer


def test_what_is_no_file_is_refused_and_leaves_no_trace(
    instance: dg.DagsterInstance, landed: LandedFiles, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.csv"
    empty.touch()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    cases = {
        tmp_path / "absent.csv": "does not exist",
        tmp_path: "is a directory. Name the files in it",
        empty: "is empty. Land a CSV file",
        pipe: "is no regular file",
    }
    for file, complaint in cases.items():
        with pytest.raises(UnreadableFile) as caught:
            landed.land(instance, "case", file, "june")
        assert str(caught.value).startswith(f"{file} {complaint}")
    assert not Path(landed.root).exists()
    assert instance.get_dynamic_partitions(partitions_name("case")) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_refused(landed: LandedFiles, june: Path) -> None:
    june.chmod(0)
    with pytest.raises(UnreadableFile, match="cannot be read: Permission denied"):
        landed.keep(june)


def test_a_batch_needs_a_name_that_partitions_and_paths_can_bear(
    instance: dg.DagsterInstance, landed: LandedFiles, june: Path
) -> None:
    with pytest.raises(WrongUsage, match="cannot name a batch"):
        landed.land(instance, "case", june, "../june")
    assert not Path(landed.root).exists()


def test_two_files_whose_names_meet_in_one_batch_are_told_apart(
    instance: dg.DagsterInstance, landed: LandedFiles, june: Path
) -> None:
    landed.land(instance, "case", june, "june_2024")
    before = latest_by_batch(instance, "case", LANDED_FILE)["june_2024"]
    refuse_another_file(june, "june_2024", None)
    refuse_another_file(june, "june_2024", before)
    with pytest.raises(WrongUsage, match=r"june_2024.csv would become .* which came from june 2024.csv"):
        refuse_another_file(june.with_name("june_2024.csv"), "june_2024", before)


def test_another_ending_or_a_name_that_is_no_text_is_the_same_file(
    instance: dg.DagsterInstance, landed: LandedFiles, june: Path
) -> None:
    odd = june.rename(june.with_name(os.fsdecode(b"j\xfcne.csv")))
    for file, batch in ((odd, "j_ne"), (june.with_name("may.csv"), "may")):
        file.write_bytes(CONTENT)
        landed.land(instance, "case", file, batch)
    before = latest_by_batch(instance, "case", LANDED_FILE)
    refuse_another_file(odd, "j_ne", before["j_ne"])
    refuse_another_file(june.with_name("may.txt"), "may", before["may"])


def test_bytes_that_are_gone_are_named(landed: LandedFiles, june: Path) -> None:
    sha256 = landed.keep(june)
    landed.place(sha256).unlink()
    with pytest.raises(DamagedSnapshot, match=f"{sha256} is gone. Land the file again"):
        landed.place(sha256)


KILLED = """
import os, signal, sys
from pathlib import Path
from mlplatform.resources.home import open_instance
from mlplatform.resources.landed_files import LandedFiles

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

root, file, step = sys.argv[1:]
instance = open_instance()
if step == "copying":
    import shutil
    shutil.copyfile = die
else:
    setattr(type(instance), step, die)
LandedFiles(root=root).land(instance, "case", Path(file), "june")
"""


@pytest.mark.parametrize("step", ["copying", "add_dynamic_partitions", "report_runless_asset_event"])
def test_landing_that_was_killed_is_completed_by_repeating_it(
    home: Path, landed: LandedFiles, june: Path, step: str
) -> None:
    from mlplatform.resources.home import open_instance

    command = [sys.executable, "-c", KILLED, landed.root, str(june), step]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    with open_instance() as instance:
        assert events(instance) == []
        assert landed.land(instance, "case", june, "june").change == "new batch"
        assert landed.land(instance, "case", june, "june").change == "nothing: same bytes"
        assert instance.get_dynamic_partitions(partitions_name("case")) == ["june"]
        assert len(events(instance)) == 1
