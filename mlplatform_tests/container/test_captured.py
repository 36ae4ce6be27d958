import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mlplatform.container import captured
from mlplatform.container.captured import CaptureWriter
from mlplatform.ml.capture import Exchange, Message, exchanges
from mlplatform_tests.container.served import until


def an_exchange(number: int = 0, time: str = "2026-01-31T17:25:49Z", body: bytes = b"1,2\n") -> Exchange:
    message = Message("text/csv", body)
    return Exchange(f"event-{number}", time, "abc", message, message)


def lines_of(root: Path) -> dict[str, list[str]]:
    """Event ids by file."""
    return {
        path.relative_to(root).as_posix(): [
            one.event_id for one in exchanges(path.read_bytes().splitlines(True))
        ]
        for path in sorted(root.rglob("*.jsonl"))
    }


def test_exchanges_land_in_the_hour_of_their_answer(tmp_path: Path) -> None:
    with CaptureWriter(tmp_path, "me") as writer:
        assert writer.offer("job-change", an_exchange(1))
        assert writer.offer("job-change", an_exchange(2, "2026-01-31T18:00:00Z"))
        assert writer.offer("other", an_exchange(3))
        assert writer.offer("job-change", an_exchange(4))
    assert lines_of(tmp_path) == {
        "job-change/AllTraffic/2026/01/31/17/me.jsonl": ["event-1", "event-4"],
        "job-change/AllTraffic/2026/01/31/18/me.jsonl": ["event-2"],
        "other/AllTraffic/2026/01/31/17/me.jsonl": ["event-3"],
    }
    assert writer.counts("job-change") == (3, 0)


def test_they_are_written_while_the_server_runs(tmp_path: Path) -> None:
    with CaptureWriter(tmp_path, "me") as writer:
        writer.offer("one", an_exchange(1))
        until(lambda: writer.counts("one") == (1, 0), "the first line")
        assert list(lines_of(tmp_path).values()) == [["event-1"]]
        writer.offer("one", an_exchange(2))
    assert list(lines_of(tmp_path).values()) == [["event-1", "event-2"]]


def test_two_servers_never_write_to_one_file(tmp_path: Path) -> None:
    with CaptureWriter(tmp_path, "one") as first, CaptureWriter(tmp_path, "two") as second:
        for number in range(20):
            (first, second)[number % 2].offer("job-change", an_exchange(number))
    found = lines_of(tmp_path)
    assert [len(ids) for ids in found.values()] == [10, 10]


def test_what_does_not_fit_is_counted_and_nothing_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captured, "_MOST_WAITING", 5)
    writer = CaptureWriter(tmp_path, "me")  # its thread is not running yet, so nothing is taken out
    assert [writer.offer("one", an_exchange(number)) for number in range(8)] == [True] * 5 + [False] * 3
    with writer:
        pass
    assert writer.counts("one") == (5, 3)
    assert not writer.offer("one", an_exchange())
    assert writer.counts("one") == (5, 4)


def test_the_queue_is_bounded_in_bytes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captured, "_MOST_BYTES", 100)
    writer = CaptureWriter(tmp_path, "me")
    assert [writer.offer("one", an_exchange(body=b"x" * 20)) for _ in range(3)] == [True, True, False]
    with writer:
        pass
    assert writer.counts("one") == (2, 1)


def test_many_threads_lose_nothing(tmp_path: Path) -> None:
    with CaptureWriter(tmp_path, "me") as writer:

        def offer(start: int) -> None:
            for number in range(start, start + 200):
                writer.offer("one", an_exchange(number))

        threads = [threading.Thread(target=offer, args=(start,)) for start in range(0, 1000, 200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    [ids] = lines_of(tmp_path).values()
    assert sorted(ids) == sorted(f"event-{number}" for number in range(1000))


def test_a_folder_that_cannot_be_made_loses_what_it_was_for_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file where a folder must be")
    with CaptureWriter(tmp_path, "me") as writer:
        writer.offer("blocked", an_exchange(1))
        writer.offer("one", an_exchange(2))
    assert writer.counts("blocked") == (0, 1)
    assert writer.counts("one") == (1, 0)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from mlplatform.container.captured import CaptureWriter
from mlplatform_tests.container.test_captured import an_exchange
from mlplatform_tests.container.served import until
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
with CaptureWriter(Path(sys.argv[1]), "me") as writer:
    writer.offer("one", an_exchange(1))
    until(lambda: sum(writer.counts("one")) == 1, "the first")
    writer.offer("one", an_exchange(2, body=b"x" * 3000))
    until(lambda: sum(writer.counts("one")) == 2, "the second")
    writer.offer("one", an_exchange(3))
print(writer.counts("one"))
"""


def test_a_write_that_fails_half_way_leaves_no_half_line(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: the kernel writes a part, then refuses."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "(2, 1)\n"
    assert list(lines_of(tmp_path).values()) == [["event-1", "event-3"]]


KILLED = """
import sys
from pathlib import Path
from mlplatform.container.captured import CaptureWriter
from mlplatform_tests.container.test_captured import an_exchange
with CaptureWriter(Path(sys.argv[1]), "me") as writer:
    number = 0
    while True:
        if writer.offer("one", an_exchange(number, body=b"x" * 2000)):
            number += 1
"""


def test_whatever_a_killed_server_leaves_is_whole_lines_and_at_most_one_torn_one(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stderr=subprocess.DEVNULL)
    until(lambda: any(path.stat().st_size > 10_000 for path in tmp_path.rglob("*.jsonl")), "some lines")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    [path] = tmp_path.rglob("*.jsonl")
    [ids] = lines_of(tmp_path).values()
    assert ids == [f"event-{number}" for number in range(len(ids))]
    assert path.read_bytes().count(b"\n") == len(ids) > 0
