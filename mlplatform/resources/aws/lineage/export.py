"""The records of a use case in SageMaker Lineage: what is exported, and what is read back."""

from __future__ import annotations

import dagster as dg

from mlplatform.lineage.exports.released import released
from mlplatform.lineage.exports.sagemaker_entities import Plan
from mlplatform.lineage.exports.sagemaker_plan import plan_of, use_case_context_name
from mlplatform.lineage.graph import Graph
from mlplatform.ml.errors import WrongUsage
from mlplatform.resources.aws.clients import clients
from mlplatform.resources.aws.lineage.finding import Found
from mlplatform.resources.aws.lineage.places import DOCUMENTS, places_of
from mlplatform.resources.aws.lineage.reading import read_back
from mlplatform.resources.aws.lineage.sending import Sender, Sent
from mlplatform.resources.aws.objects import Objects
from mlplatform.resources.aws.settings import aws_settings
from mlplatform.resources.aws.snapshots import S3Snapshots


def export_plan(instance: dg.DagsterInstance, use_case: str, snapshots: S3Snapshots) -> Plan:
    """What an export would make. WrongUsage where no model was promoted yet."""
    graph = released(instance, use_case)
    if not graph.nodes:
        raise WrongUsage(
            f"no model of {use_case} was promoted yet, so there is nothing to export. "
            f"First: mlplatform run {use_case}."
        )
    return plan_of(graph, places_of(aws_settings(), snapshots, use_case))


def export(instance: dg.DagsterInstance, use_case: str, snapshots: S3Snapshots) -> Sent:
    """Every released model of a use case into SageMaker Lineage, each entity once: see `exports`.

    Raises AwsRefused, LineageFull for a quota that is used up, or OSError for what may pass.
    """
    settings, plan = aws_settings(), export_plan(instance, use_case, snapshots)
    return Sender(clients(settings.region), Objects(DOCUMENTS, settings)).send(plan)


def exported(use_case: str, snapshots: S3Snapshots) -> Graph:
    """What is in SageMaker Lineage of a use case, as the graph of the plan that made it.

    A graph without nodes where nothing was exported.
    """
    settings = aws_settings()
    found = Found(clients(settings.region))
    endpoint = places_of(settings, snapshots, use_case).endpoint
    context = found.named("context", use_case_context_name(endpoint))
    if context is None:
        return Graph({"kind": "export", "use_case": use_case})
    return read_back(found, use_case, context)
