import os
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from mlplatform.lineage.needed import never_named
from mlplatform.lineage.records import latest_by_batch
from mlplatform.lineage.withdrawals import BACK_AGAIN, withdraw, withdrawals
from mlplatform.ml.errors import DamagedSnapshot, UnreadableFile, WrongUsage
from mlplatform.ml.hashing import file_sha256
from mlplatform.ml.naming import batch_name_of
from mlplatform.ml.steps import LANDED_FILE
from mlplatform.resources.landed_files import (
    Arrival,
    LandedFiles,
    Landing,
    partitions_name,
    refuse_another_file,
)

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
        empty: "is empty. Land a table",
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


def test_a_packed_file_is_the_same_as_the_unpacked_one(
    instance: dg.DagsterInstance, landed: LandedFiles, june: Path
) -> None:
    packed = june.rename(june.with_name("orders.jsonl.gz"))
    batch = batch_name_of(packed.name)
    landed.land(instance, "case", packed, batch)
    before = latest_by_batch(instance, "case", LANDED_FILE)["orders"]
    refuse_another_file(packed.with_name("orders.jsonl"), "orders", before)
    with pytest.raises(WrongUsage, match=r"would become a new version of batch 'orders'"):
        refuse_another_file(packed.with_name("orders.2.jsonl.gz"), "orders", before)


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


def observed(instance: dg.DagsterInstance) -> list[dg.AssetObservation]:
    records = instance.fetch_observations(dg.AssetKey(["case", LANDED_FILE]), limit=100).records
    return [one.asset_observation for one in records if one.asset_observation]


def test_taking_out_keeps_bytes_and_history_and_says_who_and_why(
    instance: dg.DagsterInstance, landed: LandedFiles, june: Path
) -> None:
    landing = landed.land(instance, "case", june, "june")
    withdraw(instance, "case", "june", by="anna", reason="wrong month")
    assert instance.get_dynamic_partitions(partitions_name("case")) == []
    assert landed.place(landing.sha256).read_bytes() == CONTENT
    assert len(events(instance)) == 1
    (done,) = withdrawals(instance, "case", "june")
    assert (done.by, done.reason, done.sha256) == ("anna", "wrong month", landing.sha256)
    assert (done.file, done.batch) == ("june 2024.csv", "june")
    assert done.time > 0


def test_the_same_bytes_bring_a_batch_back_without_a_new_version(
    instance: dg.DagsterInstance, landed: LandedFiles, june: Path
) -> None:
    landed.land(instance, "case", june, "june")
    withdraw(instance, "case", "june", by="anna", reason="")
    assert landed.land(instance, "case", june, "june").change == "back again: same bytes"
    assert instance.get_dynamic_partitions(partitions_name("case")) == ["june"]
    assert len(events(instance)) == 1
    assert [BACK_AGAIN in one.metadata for one in observed(instance)] == [True, False]
    assert landed.land(instance, "case", june, "june").change == "nothing: same bytes"
    withdraw(instance, "case", "june", by="bert", reason="again")
    assert [one.by for one in withdrawals(instance, "case", "june")] == ["bert", "anna"]


def test_other_bytes_under_the_name_of_a_batch_that_was_taken_out_are_a_new_version(
    instance: dg.DagsterInstance, landed: LandedFiles, june: Path
) -> None:
    landed.land(instance, "case", june, "june")
    withdraw(instance, "case", "june", by="anna", reason="")
    june.write_bytes(CONTENT + b"3,4\r\n")
    landing = landed.land(instance, "case", june, "june")
    assert landing.change == "back again: new version"
    assert latest_by_batch(instance, "case", LANDED_FILE)["june"].sha256 == landing.sha256


def test_a_batch_that_does_not_count_cannot_be_taken_out(
    instance: dg.DagsterInstance, landed: LandedFiles, june: Path
) -> None:
    landed.land(instance, "case", june, "june")
    with pytest.raises(WrongUsage, match=r"no batch 'jume'\. Did you mean 'june'"):
        withdraw(instance, "case", "jume", by="anna", reason="")
    withdraw(instance, "case", "june", by="anna", reason="")
    with pytest.raises(WrongUsage, match="taken out before, by anna"):
        withdraw(instance, "case", "june", by="anna", reason="")
    assert len(observed(instance)) == 1


def test_many_batches_at_once_are_as_one_after_the_other(
    instance: dg.DagsterInstance, landed: LandedFiles
) -> None:
    hashes = [landed.keep_bytes(f"a\n{number}\n".encode()) for number in range(3)]
    known = Arrival("b", hashes[1], "old.csv")
    landed.make_batches(instance, "case", [known, Arrival("d", hashes[0], "old.csv")])
    withdraw(instance, "case", "d", by="anna", reason="")
    arrivals = [
        Arrival(name, sha256, "x.csv", {"from": {"lines": "2"}})
        for name, sha256 in zip("abc", hashes, strict=True)
    ]
    landings = landed.make_batches(instance, "case", [*arrivals, Arrival("d", hashes[2], "x.csv")])
    assert [one.change for one in landings] == [
        "new batch", "nothing: same bytes", "new batch", "back again: new version",
    ]  # fmt: skip
    assert sorted(instance.get_dynamic_partitions(partitions_name("case"))) == list("abcd")
    records = latest_by_batch(instance, "case", LANDED_FILE)
    assert records["a"].details == {"file": "x.csv", "from": {"lines": "2"}}
    assert records["b"].details == {"file": "old.csv"}


def test_the_file_that_batches_were_cut_from_is_no_garbage(
    instance: dg.DagsterInstance, landed: LandedFiles
) -> None:
    whole, piece, other = (landed.keep_bytes(content) for content in (b"a\n1\n2\n", b"a\n1\n", b"a\n3\n"))
    landed.make_batches(instance, "case", [Arrival("a", piece, "x.csv", {"from": {"sha256": whole}})])
    assert never_named(instance, [whole, piece, other]) == {other}
    landed.make_batches(instance, "case", [Arrival("a", other, "y.csv")])
    assert never_named(instance, [whole, piece, other]) == set()


KILLED_WHEN_BACK = """
import os, signal, sys
from pathlib import Path
from mlplatform.lineage.withdrawals import withdraw
from mlplatform.resources.home import open_instance
from mlplatform.resources.landed_files import LandedFiles

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

root, file, step = sys.argv[1:]
instance, landed, june = open_instance(), LandedFiles(root=root), Path(file)
landed.land(instance, "case", june, "june")
if step == "withdraw":
    setattr(type(instance), "delete_dynamic_partition", die)
    withdraw(instance, "case", "june", by="anna", reason="why")
withdraw(instance, "case", "june", by="anna", reason="why")
june.write_bytes(b"a,b\\n5,6\\n")
setattr(type(instance), "add_dynamic_partitions", die)
landed.land(instance, "case", june, "june")
"""


@pytest.mark.parametrize("step", ["withdraw", "land"])
def test_taking_out_or_bringing_back_that_was_killed_is_completed_by_repeating_it(
    home: Path, landed: LandedFiles, june: Path, step: str
) -> None:
    from mlplatform.resources.home import open_instance

    command = [sys.executable, "-c", KILLED_WHEN_BACK, landed.root, str(june), step]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    with open_instance() as instance:
        counts = instance.get_dynamic_partitions(partitions_name("case"))
        if step == "withdraw":
            assert counts == ["june"]
            withdraw(instance, "case", "june", by="anna", reason="why")
            assert instance.get_dynamic_partitions(partitions_name("case")) == []
            assert {one.reason for one in withdrawals(instance, "case", "june")} == {"why"}
        else:
            assert counts == []  # it never counts again with the bytes that it was taken out for
            assert landed.land(instance, "case", june, "june").change.startswith("back again")
            assert len(events(instance)) == 2
            assert instance.get_dynamic_partitions(partitions_name("case")) == ["june"]
            assert latest_by_batch(instance, "case", LANDED_FILE)["june"].sha256 == file_sha256(june)
