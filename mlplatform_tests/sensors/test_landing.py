"""The landing sensor: which files become batches, and what is requested for them."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import dagster as dg
import pytest

from mlplatform.lineage.records import partitions_name
from mlplatform.resources.landed_files import LandedFiles
from mlplatform.sensors import intake
from mlplatform_tests.sensors.conftest import NAME, LandingSensor

JUNE, JULY = "a,b\r\n1,2\r\n", "a,b\r\n3,4\r\n"


def test_a_file_is_taken_at_the_second_look_and_requested_once(landing: LandingSensor) -> None:
    assert landing.tick().skip_message == f"no new files in {landing.folder}"
    file = landing.drop("june 2024.csv", JUNE)
    before = file.stat()
    first = landing.tick()
    assert first.skip_message == f"1 file in {landing.folder} may still be being written"
    assert landing.batches == {}
    (request,) = landing.tick().run_requests
    sha256 = landing.batches["june_2024"]
    assert request.run_key.startswith(f"june_2024:{sha256}:")
    assert request.partition_key == "june_2024"
    assert request.asset_selection is None  # all of the job, up to the model card
    assert request.tags["mlplatform/landed_from"] == NAME
    landing.launch([request])
    for _ in range(3):
        assert landing.tick().skip_message == f"no new files in {landing.folder}"
    after = file.stat()
    assert (after.st_mtime_ns, after.st_ctime_ns, after.st_ino) == (
        before.st_mtime_ns,
        before.st_ctime_ns,
        before.st_ino,
    )
    assert landing.versions == 1


def test_a_file_that_grows_is_not_taken_until_it_stops(landing: LandingSensor) -> None:
    file = landing.drop("june.csv", "a,b\r\n")
    written, looked, done = threading.Event(), threading.Event(), threading.Event()

    def write() -> None:
        with file.open("a", newline="") as growing:
            while not done.is_set():
                growing.write("1,2\r\n")
                growing.flush()
                landing.leave(file)  # a program that sets the time of change back, as copying programs do
                written.set()
                looked.wait()
                looked.clear()

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(5):
        written.wait()
        written.clear()
        assert not landing.tick().run_requests
        looked.set()
    written.wait()
    done.set()
    looked.set()
    writer.join()
    landing.leave(file)
    assert landing.batches == {}
    (request,) = landing.settle().run_requests
    assert request.partition_key == "june"
    copy = Path(landing.definitions.resources["landed_files"].root) / landing.batches["june"]
    assert copy.read_bytes() == file.read_bytes()


def test_a_file_written_a_moment_ago_waits(landing: LandingSensor) -> None:
    landing.drop("june.csv", JUNE, age=-3600)  # a clock that is ahead does not keep it waiting
    assert landing.settle().run_requests


class CopiedWhileWritten(LandedFiles):
    """Somebody adds a line while the file is being copied."""

    def keep(self, file: Path) -> str:
        sha256 = super().keep(file)
        with file.open("a") as growing:
            growing.write("5,6\r\n")
        return sha256


def test_a_file_that_changes_while_it_is_copied_is_not_taken(landing: LandingSensor) -> None:
    own = landing.definitions.resources["landed_files"]
    file = landing.drop("june.csv", JUNE)
    landing.landed_files = CopiedWhileWritten(root=own.root)
    assert not landing.settle().run_requests
    landing.landed_files = None
    assert landing.batches == {}
    landing.leave(file)
    assert landing.settle().run_requests
    assert landing.versions == 1


def test_a_renamed_file_is_no_new_batch(landing: LandingSensor) -> None:
    file = landing.drop("june.csv", JUNE)
    landing.launch(landing.settle().run_requests)
    file.rename(landing.folder / "renamed.csv")
    assert not landing.settle().run_requests
    assert not landing.tick().run_requests
    assert list(landing.batches) == ["june"]


def test_the_same_bytes_twice_are_one_batch(
    landing: LandingSensor, capsys: pytest.CaptureFixture[str]
) -> None:
    landing.drop("june.csv", JUNE, age=60)
    landing.drop("copy.csv", JUNE, age=50)
    (request,) = landing.settle().run_requests
    assert request.partition_key == "june"
    landing.launch([request])
    assert not landing.tick().run_requests
    landing.drop("third.csv", JUNE)
    assert not landing.settle().run_requests
    assert list(landing.batches) == ["june"]
    assert landing.versions == 1
    assert "third.csv: same bytes as batch june" in capsys.readouterr().err


def test_other_bytes_under_the_same_name_are_a_new_version_also_when_they_come_back(
    landing: LandingSensor,
) -> None:
    keys = []
    for content in (JUNE, JULY, JUNE):
        landing.drop("june.csv", content, age=60 + len(keys))
        (request,) = landing.settle().run_requests
        assert landing.launch([request])
        keys.append(request.run_key)
    assert len(set(keys)) == 3
    assert list(landing.batches) == ["june"]
    assert landing.versions == 3


def test_a_file_that_is_only_touched_runs_nothing(landing: LandingSensor) -> None:
    file = landing.drop("june.csv", JUNE)
    landing.launch(landing.settle().run_requests)
    landing.leave(file, age=30)
    assert not landing.settle().run_requests
    assert landing.versions == 1


def test_names_that_meet_in_one_batch_are_refused_without_blocking_others(landing: LandingSensor) -> None:
    landing.drop("a b.csv", JUNE, age=90)
    second = landing.drop("a_b.csv", JULY, age=80)
    landing.drop("empty.csv", "", age=70)
    landing.drop("last.csv", "a\r\n1\r\n", age=60)
    requests = landing.settle().run_requests
    assert [request.partition_key for request in requests] == ["a_b", "last"]
    landing.launch(requests)
    landing.tick()
    for _ in range(2):
        skip = landing.tick().skip_message
        assert skip.startswith(
            f"no new files in {landing.folder}; 2 refused, among them: a_b.csv would become"
        )
    assert landing.versions == 2
    second.rename(landing.folder / "another.csv")
    landing.drop("empty.csv", "a\r\n2\r\n", age=5000)
    requests = landing.settle().run_requests
    assert {request.partition_key for request in requests} == {"another", "empty"}
    landing.launch(requests)
    assert "refused" not in landing.tick().skip_message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_waits_until_it_has_it(landing: LandingSensor) -> None:
    file = landing.drop("june.csv", JUNE)
    file.chmod(0)
    landing.settle()
    assert "1 refused" in landing.tick().skip_message
    file.chmod(0o600)
    assert landing.settle().run_requests


def test_what_is_no_finished_file_is_left_alone(landing: LandingSensor) -> None:
    for name in (".hidden.csv", "~lock.csv", "june.csv.part", "june.TMP", "sub/june.csv"):
        landing.drop(name, JUNE)
    (landing.folder / "nowhere.csv").symlink_to(landing.folder / "absent")
    os.mkfifo(landing.folder / "pipe.csv")
    assert landing.tick().skip_message == f"no new files in {landing.folder}"
    (landing.folder / "linked.csv").symlink_to(landing.folder / "sub" / "june.csv")
    (request,) = landing.settle().run_requests
    assert request.partition_key == "linked"


def test_a_name_that_is_no_text_becomes_a_batch(landing: LandingSensor) -> None:
    landing.drop("placeholder", JUNE)
    odd = os.fsencode(landing.folder) + b"/j\xfcne.csv"
    Path(landing.folder / "placeholder").rename(Path(os.fsdecode(odd)))
    (request,) = landing.settle().run_requests
    assert request.partition_key == "j_ne"
    landing.launch([request])
    Path(os.fsdecode(odd)).write_text(JULY)
    landing.leave(Path(os.fsdecode(odd)))
    assert len(landing.settle().run_requests) == 1


def test_a_file_that_is_taken_away_is_forgotten_and_its_run_is_not(landing: LandingSensor) -> None:
    landing.drop("growing.csv", JUNE).unlink()
    file = landing.drop("june.csv", JUNE)
    requests = landing.settle().run_requests
    file.unlink()
    (again,) = landing.tick().run_requests  # nothing was launched
    assert again.run_key == requests[0].run_key
    landing.launch([again])
    assert landing.tick().skip_message == f"no new files in {landing.folder}"
    assert "june.csv" not in landing.cursor
    landing.drop("june.csv", JUNE)
    assert not landing.settle().run_requests


def test_sixty_files_at_once_take_two_ticks(landing: LandingSensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "SECONDS_PER_TICK", 3600)  # however slow this machine is
    for number in range(60):
        landing.drop(f"day_{number:02}.csv", f"a,b\r\n{number},2\r\n", age=100 - number)
    first = landing.settle().run_requests
    assert [request.partition_key for request in first] == [f"day_{number:02}" for number in range(50)]
    landing.launch(first)
    second = landing.tick().run_requests
    assert [request.partition_key for request in second] == [f"day_{number:02}" for number in range(50, 60)]
    landing.launch(second)
    assert not landing.tick().run_requests
    assert len(landing.batches) == landing.versions == 60
    assert len(landing.tick().cursor) < 200  # it is written into the history of every tick


def test_a_slow_tick_takes_at_least_one_file_and_the_next_goes_on(
    landing: LandingSensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "SECONDS_PER_TICK", -1)
    for number in range(3):
        landing.drop(f"day_{number}.csv", f"a,b\r\n{number},2\r\n", age=100 - number)
    landing.tick()
    for number in range(3):
        (request,) = landing.tick().run_requests
        assert request.partition_key == f"day_{number}"
        landing.launch([request])


@pytest.mark.parametrize("cursor", [None, "", "{not json", '{"version": 99}', '["from", "elsewhere"]'])
def test_without_a_cursor_everything_is_looked_at_again_and_nothing_runs_twice(
    landing: LandingSensor, cursor: str | None
) -> None:
    landing.drop("june.csv", JUNE)
    landing.launch(landing.settle().run_requests)
    landing.tick()
    landing.tick()
    landing.cursor = cursor
    landing.tick()
    assert "june.csv" in landing.cursor
    assert not landing.tick().run_requests
    assert landing.versions == 1


def test_a_batch_taken_out_before_it_ran_blocks_nothing(landing: LandingSensor) -> None:
    landing.drop("june.csv", JUNE)
    assert landing.settle().run_requests
    landing.instance.delete_dynamic_partition(partitions_name("job_change"), "june")
    assert not landing.tick().run_requests
    landing.drop("july.csv", JULY)
    (request,) = landing.settle().run_requests
    assert request.partition_key == "july"


def test_a_folder_that_cannot_be_made_is_named(
    landing: LandingSensor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from mlplatform.definitions import defs

    (tmp_path / "file").touch()
    monkeypatch.setenv("MLPLATFORM_LANDING", str(tmp_path / "file"))
    landing.definitions = defs()
    skip = landing.tick().skip_message
    assert skip == f"{tmp_path}/file/job_change cannot be read: Not a directory"


def test_the_folder_of_all_use_cases_can_be_named(
    landing: LandingSensor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from mlplatform.definitions import defs

    monkeypatch.setenv("MLPLATFORM_LANDING", str(tmp_path / "elsewhere"))
    landing.definitions = defs()
    assert landing.tick().skip_message == f"no new files in {tmp_path}/elsewhere/job_change"
    assert (tmp_path / "elsewhere" / "job_change").is_dir()


def test_the_sensor_ships_stopped_and_says_where_to_drop_files(landing: LandingSensor) -> None:
    sensor = landing.definitions.resolve_sensor_def(NAME)
    assert sensor.default_status is dg.DefaultSensorStatus.STOPPED
    assert sensor.minimum_interval_seconds == 10
    assert "landing/job_change" in sensor.description
