"""Seconds per asset in process beyond the asset's own work. Called by `overhead.py`; prints JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path


def main(file: str, home: str) -> None:
    """Run all assets twice in one process, the second time on other data, with everything imported."""
    os.environ["MLPLATFORM_HOME"] = home
    sys.modules["hypothesis"] = None  # type: ignore[assignment]
    from mlplatform.cli.location import open_location
    from mlplatform.cli.run import bring_up_to_date
    from mlplatform.cli.world import latest_records

    location = open_location()
    declaration = location.use_case("job_change")
    location.landed_files.land(location.instance, "job_change", Path(file), "first")
    bring_up_to_date(location, declaration)
    changed = Path(home) / "again.csv"
    changed.write_text("".join(Path(file).read_text().splitlines(keepends=True)[:-1]))
    location.landed_files.land(location.instance, "job_change", changed, "first")
    started = time.perf_counter()
    done, _ = bring_up_to_date(location, declaration)
    elapsed = time.perf_counter() - started
    records = latest_records(location.instance, "job_change")
    own_work = {r.storage_id: r.seconds or 0.0 for r in records.values() if r.run_id in done.run_ids}
    # outputs of one step share its seconds
    shared = {"quarantine", "validation_set"}
    work = sum(
        r.seconds or 0.0 for r in records.values() if r.run_id in done.run_ids and r.asset not in shared
    )
    assets = len(own_work)
    print(json.dumps({"warm run, all assets": elapsed, "overhead per asset": (elapsed - work) / assets}))


if __name__ == "__main__":
    main(*sys.argv[1:3])
