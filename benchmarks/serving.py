"""Requests per second of the model server beside a bare server with the same model, all in one run.

    .venv/bin/python benchmarks/serving.py [--rounds N] [--seconds S]

Trains job_change on generated rows, starts both servers, and asks them in turn: single rows from 1 and from 8
clients, and bodies of 1,000 rows. Prints medians and the ratios within a round. The seconds of CPU that a
server used for a request are less moved by what else the machine does than requests per second are.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mlplatform.container.deployments import Deployment, write_deployment

HERE = Path(__file__).parent
PLAIN_INSTALL = "import sys; sys.modules['hypothesis'] = None; "
PROGRAM = PLAIN_INSTALL + "from mlplatform.cli.main import start; start()"
CASES = {"1 row, 1 client": (1, 1), "1 row, 8 clients": (1, 8), "1,000 rows, 1 client": (1000, 1)}
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Measured:
    """Of one case in one round."""

    per_second: float
    p50: float
    p99: float
    cpu: float


def command(home: Path, *arguments: str) -> None:
    """`mlplatform` to its end."""
    environment = {**os.environ, "MLPLATFORM_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)


def trained(folder: Path) -> tuple[Path, Path, list[dict[str, str | None]]]:
    """A home in which a model is deployed, the model's folder, and rows to ask with."""
    home = folder / "home"
    command(home, "sample", "job_change", "--out", str(folder), "--rows", "4000")
    file = folder / "job_change_0001.csv"
    command(home, "land", "job_change", str(file))
    command(home, "run", "job_change")
    model = next((home / "snapshots" / "job_change" / "model").iterdir())
    made = json.loads((model / "manifest.json").read_text())
    path = model.relative_to(home / "snapshots").as_posix()
    proof = (made["artifact_sha256"], made["code_sha256"])
    deployment = Deployment(
        "job-change", "job_change", made["version"], path, *proof, "benchmark", "benchmark"
    )
    write_deployment(home / "endpoints", deployment)
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [{k: v or None for k, v in row.items() if k != "target"} for row in csv.DictReader(lines)]
    for row in rows:  # as a client would send them
        for name in ("enrollee_id", "training_hours", "city_development_index"):
            row[name] = json.loads(row[name] or "null")
    return home, model, rows


@contextmanager
def server(port: int, home: Path, *arguments: str) -> Iterator[int]:
    """A server's process id while it runs."""
    environment = {**os.environ, "MLPLATFORM_HOME": str(home), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, *arguments], env=environment, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 120
        while time.monotonic() < end and process.poll() is None:
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.1)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def cpu_seconds(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def asked(port: int, pid: int, bodies: list[bytes], clients: int, seconds: float) -> Measured:
    """Clients that each send a body, wait for the answer, and send the next."""
    times: list[float] = []

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        at, end = number * 37, time.perf_counter() + seconds
        while time.perf_counter() < end:
            started = time.perf_counter()
            body, at = bodies[at % len(bodies)], at + 1
            connection.request(
                "POST", "/endpoints/job-change/invocations", body, {"Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            text = answer.read()
            times.append(time.perf_counter() - started)
            if answer.status != 200:
                sys.exit(text.decode())

    before, started = cpu_seconds(pid), time.perf_counter()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - started
    times.sort()
    cpu = (cpu_seconds(pid) - before) / len(times)
    return Measured(len(times) / elapsed, times[len(times) // 2], times[int(len(times) * 0.99)], cpu)


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    given = parser.parse_args()
    found: dict[tuple[str, str], list[Measured]] = {}
    with TemporaryDirectory() as folder:
        home, model, rows = trained(Path(folder))
        ports = free_ports(2)
        run_bare = f"import runpy; runpy.run_path({str(HERE / 'bare_server.py')!r}, run_name='__main__')"
        bare = ("-c", PLAIN_INSTALL + run_bare, str(model), str(ports[0]))
        ours = ("-c", PROGRAM, "serve", "--port", str(ports[1]))
        with server(ports[0], home, *bare) as bare_pid, server(ports[1], home, *ours) as our_pid:
            both = {"bare": (ports[0], bare_pid), "mlplatform serve": (ports[1], our_pid)}
            for case, (size, clients) in CASES.items():
                starts = range(0, len(rows) - size + 1, size)
                bodies = [
                    json.dumps(rows[at] if size == 1 else rows[at : at + size]).encode() for at in starts
                ]
                for port, pid in both.values():
                    asked(port, pid, bodies, 1, 0.5)  # warm
                for _ in range(given.rounds):
                    for name, (port, pid) in both.items():
                        one = asked(port, pid, bodies, clients, given.seconds)
                        found.setdefault((case, name), []).append(one)
    show(found, given.rounds)


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens at."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def show(found: dict[tuple[str, str], list[Measured]], rounds: int) -> None:
    """Medians, and ratios within a round."""
    print(f"{rounds} rounds, medians                         requests/s   p50 ms   p99 ms   CPU ms/request")
    for (case, name), ones in found.items():
        middle = [
            statistics.median(getattr(one, what) for one in ones)
            for what in ("per_second", "p50", "p99", "cpu")
        ]
        print(
            f"  {case:22s} {name:18s} {middle[0]:10.1f} {middle[1] * 1000:8.1f} {middle[2] * 1000:8.1f} "
            f"{middle[3] * 1000:12.2f}"
        )
    print("mlplatform serve / bare, within a round: median (least to most)")
    for case in CASES:
        pairs = list(zip(found[case, "mlplatform serve"], found[case, "bare"], strict=True))
        for what, title in (("per_second", "requests/s"), ("cpu", "CPU/request")):
            ratios = [getattr(our, what) / getattr(their, what) for our, their in pairs]
            span = f"{statistics.median(ratios):5.2f}  ({min(ratios):.2f} to {max(ratios):.2f})"
            print(f"  {case:22s} {title:12s} {span}")


if __name__ == "__main__":
    main()
