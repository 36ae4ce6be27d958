"""`model`: the training set, fitted through the container contract."""

from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg

from mlplatform.assets.made import Events, Inputs, Made, Production
from mlplatform.assets.production import produce, refuse_other_code
from mlplatform.assets.sets import read_manifest
from mlplatform.assets.specs import step_arguments
from mlplatform.container.code import file_hashes
from mlplatform.container.declared import declared_of
from mlplatform.lineage.records import by_storage_id
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.hashing import file_sha256
from mlplatform.ml.steps import BY_NAME
from mlplatform.resources.home import current_user
from mlplatform.resources.single_flight import SingleFlight
from mlplatform.resources.snapshots import Snapshots
from mlplatform.resources.training import TrainedModel, Training, TrainingRequest


def model_asset(declaration: Declaration) -> dg.AssetsDefinition:
    """Where it trains is the `training` resource's business."""
    name, step = declaration.name, BY_NAME["model"]

    @dg.multi_asset(**step_arguments(declaration, step))
    def model(
        context: dg.AssetExecutionContext,
        snapshots: Snapshots,
        single_flight: SingleFlight,
        training: dg.ResourceParam[Training],
    ) -> Events:
        single_flight.hold(name)

        def make(inputs: Inputs) -> Production:
            drawn = inputs.one("training_set")
            drawn_from = [read["storage_id"] for read in drawn.inputs]
            refuse_other_code(declaration, by_storage_id(context.instance, name, "features", drawn_from))
            training_set = read_manifest(snapshots, drawn.path)
            request = TrainingRequest(
                training_set=training_set,
                snapshots=snapshots,
                code=declaration.code_files(),
                declared=declared_of(declaration),
                hyperparameters=declaration.hyperparameters,
                run_id=context.op_execution_context.run_id,
            )
            with TemporaryDirectory(prefix="mlplatform-train-") as scratch:
                return _production(name, training.train(request, Path(scratch)), snapshots)

        yield from produce(context, declaration, step, snapshots, make)

    return model


def _production(use_case: str, trained: TrainedModel, snapshots: Snapshots) -> Production:
    manifest = trained.manifest
    stored = snapshots.adopt_folder(
        use_case, "model", manifest["version"], trained.folder, manifest["sha256"]
    )
    folder = snapshots.place(stored.path)
    files = [path for path in folder.iterdir() if path.is_file()]
    metadata = {
        "version": manifest["version"],
        "artifact_sha256": manifest["artifact_sha256"],
        "hyperparameters": dict(manifest["hyperparameters"]),
        "environment": dict(manifest["environment"]),
        "training": dict(trained.metrics),
        **({"job": dict(trained.job)} if trained.job else {}),
        "dagster/uri": dg.MetadataValue.path(str(folder)),
    }
    details = {
        "version": manifest["version"],
        "environment": manifest["environment"]["sha256"],
        "artifact_sha256": manifest["artifact_sha256"],
        "code_sha256": manifest["code_sha256"],
        "code_files": file_hashes(folder / "code"),
        "files": {path.name: file_sha256(path) for path in sorted(files)},
        "trained_by": current_user(),
        **({"job": dict(trained.job)} if trained.job else {}),
    }
    return Production({"model": Made(stored, metadata, details)})
