"""`<use_case>_landing`: files in the landing folder become batches and run, each exactly once.

Why exactly once, whatever dies when:

- **Landing is idempotent by content.** The same bytes make no second batch and no second version, however
  often and under whatever name they come. So it never matters how far an earlier tick got.
- **A run has the name of the event that it is for**: `<batch>:<sha256>:<storage id of the landing>`. Whoever
  lands the same bytes again finds the same event and so the same name, and Dagster launches one run per name.
  (The hash alone would not do: a file that goes back to what it was before is a new version to run.)
- **A request stands until its run is seen.** A name leaves `requested` when a launched run of that name is
  there. A tick that dies between landing and launching leaves the old cursor, with which the next tick lands
  the file again, which changes nothing, and requests the same name. So at least once, and by the name at most
  once. A file that is gone by then left its landing behind, which is looked for.
- **What a run was made to do is read from its tags**, not remembered: whether it ran a batch alone decides
  whether training is due, also when the tick that requested it was forgotten.

One file that comes alone is one run, from raw to the model card. Several are a run each up to their features,
so that a bad one fails alone, and what follows from all of them is one more run, requested when none of ours
is unfinished; its name is a digest of the features that there are. A file that comes meanwhile is run on its
own and makes training due again. Runs may overlap all the same, when a person starts one: the use case's lock
keeps them apart from the sets on.

The cursor holds what is under way, so that a tick costs what is new; files that are dealt with are remembered
beside it (`settled_files.py`). Without a cursor, as after a reset in the UI, every file is looked at again.
"""

from dataclasses import dataclass
from time import time_ns

import dagster as dg

from mlplatform.assets.jobs import update_job_name
from mlplatform.lineage.records import landed_batches
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.errors import MLPlatformError
from mlplatform.ml.landing import Look, Memory, Settled
from mlplatform.resources.landed_files import LandedFiles
from mlplatform.resources.landing_folder import LandingFolder
from mlplatform.sensors.intake import Intake, landed_and_gone, take_in
from mlplatform.sensors.landing_runs import LandingRuns
from mlplatform.sensors.settled_files import recall, remember

INTERVAL_SECONDS = 10


def landing_sensor(declaration: Declaration) -> dg.SensorDefinition:
    """The sensor of one use case, for its update job."""
    use_case = declaration.name

    @dg.sensor(
        name=f"{use_case}_landing",
        job_name=update_job_name(use_case),
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=(
            f"Drop files into landing/{use_case} in the home folder, or into {use_case} in the folder that "
            "MLPLATFORM_LANDING names: each becomes a batch, named after the file, and runs. They stay where "
            "they are. Write large files under a name that ends in .part, and rename them when complete."
        ),
    )
    def landing(
        context: dg.SensorEvaluationContext, landed_files: LandedFiles, landing_folder: LandingFolder
    ) -> dg.SensorResult:
        runs = LandingRuns(context.instance, declaration, context.sensor_name)
        return _Tick(context, use_case, landed_files, landing_folder, runs).result()

    return landing


@dataclass(frozen=True)
class _Tick:
    """One evaluation: look, take in, request."""

    context: dg.SensorEvaluationContext
    use_case: str
    landed_files: LandedFiles
    folder: LandingFolder
    runs: LandingRuns

    def result(self) -> dg.SensorResult:
        try:
            looks = self.folder.look(self.use_case)
        except (OSError, MLPlatformError) as error:
            why = getattr(error, "strerror", None) or error
            return dg.SensorResult(skip_reason=f"{self.folder.where(self.use_case)} cannot be read: {why}")
        before = Memory.from_json(self.context.cursor)
        settled = self._settled(before, looks)
        intake = take_in(
            self.context, self.use_case, self.landed_files, self.folder,
            {name: look for name, look in looks.items() if name not in settled},
            before.growing if before else {}, clock_ns=time_ns(),
        )  # fmt: skip
        if before:
            gone = [name for name in before.growing if name not in looks]
            intake.requested.update(landed_and_gone(self.context.instance, self.use_case, gone))
        return self._requests(before or Memory(), intake, {**settled, **intake.settled})

    def _settled(self, before: Memory | None, looks: dict[str, Look]) -> dict[str, Settled]:
        """Files that look as they did when they were dealt with.

        What the cursor calls settled is moved to where it is kept for long: a cursor that says so proves that
        the tick which settled these files was not forgotten.
        """
        kept = recall(self.context.instance, self.use_case)
        known = {**kept, **before.settled} if before else {}
        still = {name: one for name, one in known.items() if looks.get(name) == one.look}
        if still != kept:
            remember(self.context.instance, self.use_case, still)
        return still

    def _requests(self, before: Memory, intake: Intake, settled: dict[str, Settled]) -> dg.SensorResult:
        batches = set(landed_batches(self.context.instance, self.use_case))
        requested = {
            key: batch
            for key, batch in {**before.requested, **intake.requested}.items()
            if batch is None or batch in batches  # taken out meanwhile
        }
        due = before.training_due
        for key in list(requested):
            run = self.runs.launched(key)
            if run:
                due = due or self.runs.was_for_a_batch_alone(run)
                del requested[key]
        unfinished = self.runs.unfinished() if requested or due else []
        if due and not requested and not unfinished and not intake.left:
            due = False
            training = self.runs.training_key(batches)
            if training and not self.runs.launched(training):
                requested[training] = None
        alone = len(requested) == 1 and not (due or unfinished or intake.growing)
        requests = [self.runs.request(key, batch, everything=alone) for key, batch in requested.items()]
        memory = Memory(intake.growing, intake.settled, requested, due)
        if requests:
            return dg.SensorResult(run_requests=requests, cursor=memory.to_json())
        why = self._why_nothing(intake, settled, unfinished if due else [])
        return dg.SensorResult(skip_reason=why, cursor=memory.to_json())

    def _why_nothing(self, intake: Intake, settled: dict[str, Settled], unfinished: list[str]) -> str:
        folder = self.folder.where(self.use_case)
        refused = [one.refused for one in settled.values() if one.refused]
        parts = []
        if growing := len(intake.growing):
            parts.append(f"{growing} file{'s' * (growing > 1)} in {folder} may still be being written")
        else:
            parts.append(f"no new files in {folder}")
        if unfinished:
            runs = "run" if len(unfinished) == 1 else "runs"
            parts.append(
                f"training waits for {len(unfinished)} unfinished {runs}: {', '.join(unfinished[:3])}"
            )
        if refused:
            parts.append(f"{len(refused)} refused, among them: {refused[0]}")
        return "; ".join(parts)
