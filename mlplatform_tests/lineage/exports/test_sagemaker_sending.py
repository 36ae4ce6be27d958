"""A plan in the emulated service: each entity once, whatever goes wrong on the way."""

from __future__ import annotations

from collections import Counter

import pytest

from mlplatform.lineage.exports.sagemaker_entities import Plan
from mlplatform.resources.aws.clients import clients
from mlplatform.resources.aws.lineage.finding import Found
from mlplatform.resources.aws.lineage.reading import read_back
from mlplatform.resources.aws.lineage.sending import LineageFull, Sender, Sent
from mlplatform.resources.aws.objects import Objects
from mlplatform.resources.aws.refusals import AwsRefused
from mlplatform.resources.aws.settings import aws_settings
from mlplatform_tests.history import NAME, History
from mlplatform_tests.lineage.exports.planned import planned
from mlplatform_tests.sagemaker_emulator.server import BUCKET, Emulator

MAKING = {
    "CreateArtifact": "artifacts",
    "CreateAction": "actions",
    "CreateContext": "contexts",
    "AddAssociation": "associations",
}
QUOTA = {"Artifact": "artifacts", "Action": "actions", "Context": "contexts", "Association": "associations"}


@pytest.fixture
def plan(weeks: History, aws_environment: Emulator) -> Plan:
    return planned(weeks)


def send(plan: Plan) -> Sent:
    settings = aws_settings()
    return Sender(clients(settings.region), Objects("lineage", settings)).send(plan)


def own_links(plan: Plan) -> int:
    """Those between entities of ours: the service has made nothing here."""
    ours = {one.id for one in plan.entities}
    return len([one for one in plan.links if one.source in ours and one.target in ours])


def assert_there(plan: Plan, emulator: Emulator) -> None:
    """Exactly the plan is in the service."""
    found = Found(clients(aws_settings().region))
    (context,) = (one for one in plan.entities if one.type == "UseCase")
    arn = found.arn(context)
    assert arn is not None
    assert read_back(found, NAME, arn) == plan.graph()
    service = emulator.client("sagemaker")
    for listing, kind in (("list_artifacts", "artifact"), ("list_actions", "action")):
        pages = service.get_paginator(listing).paginate()
        there = sum(len(page[f"{kind.capitalize()}Summaries"]) for page in pages)
        assert there == len([one for one in plan.entities if one.kind == kind])


def test_an_export_makes_everything_once_and_reads_back_the_same(plan: Plan, emulator: Emulator) -> None:
    first = send(plan)
    kinds = Counter(f"{one.kind}s" for one in plan.entities)
    assert first.created == {**kinds, "associations": own_links(plan)}
    assert set(first.absent) == {one.uri for one in plan.theirs}
    assert_there(plan, emulator)
    keys = [one["Key"] for one in emulator.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert len(keys) == len(plan.documents)

    before = {one: emulator.calls[one] for one in MAKING}
    again = send(plan)
    assert again.created.total() == 0
    assert again.existing == first.created
    assert {one: emulator.calls[one] for one in MAKING} == before


@pytest.mark.parametrize("operation", MAKING)
def test_what_is_throttled_or_whose_answer_is_lost_is_made_once(
    plan: Plan, emulator: Emulator, operation: str
) -> None:
    emulator.faults.add(operation, "throttling", 2)
    emulator.faults.add(operation, "lost answer", 2)
    sent = send(plan)
    assert sent.created.total() + sent.existing.total() == len(plan.entities) + own_links(plan)
    assert emulator.faults.waiting() == {}
    assert_there(plan, emulator)


@pytest.mark.parametrize("kind", QUOTA)
def test_a_full_account_says_what_to_raise_and_goes_on_where_it_stopped(
    plan: Plan, emulator: Emulator, kind: str
) -> None:
    emulator.quotas[kind] = 1
    with pytest.raises(LineageFull) as refused:
        send(plan)
    said = str(refused.value)
    assert f"Maximum number of {kind.lower()}s" in said
    assert "Raise this quota" in said
    assert f"of {len(plan.entities) + len(plan.links):,} entities" in said
    done = refused.value.sent
    assert done.created[QUOTA[kind]] == 1
    emulator.quotas[kind] = 6000
    rest = send(plan)
    assert rest.existing == done.created
    assert rest.created.total() + done.created.total() == len(plan.entities) + own_links(plan)
    assert_there(plan, emulator)


def test_a_denied_permission_is_named(plan: Plan, emulator: Emulator) -> None:
    emulator.faults.deny("sagemaker:AddAssociation")
    with pytest.raises(AwsRefused, match=r"associating .* access denied .*AddAssociation"):
        send(plan)
    emulator.faults.clear()
    send(plan)
    assert_there(plan, emulator)


def test_somebody_elses_entity_at_the_same_uri_is_left_alone(plan: Plan, emulator: Emulator) -> None:
    model = next(one for one in plan.entities if one.type == "Model")
    service = emulator.client("sagemaker")
    own = service.create_artifact(Source={"SourceUri": model.uri}, ArtifactType="Model")["ArtifactArn"]
    sent = send(plan)
    assert model.uri not in sent.absent
    [link] = service.list_associations(DestinationArn=own)["AssociationSummaries"]
    assert link["AssociationType"] == "SameAs"
    assert service.describe_artifact(ArtifactArn=link["SourceArn"])["Source"]["SourceTypes"] == [
        {"SourceIdType": "Custom", "Value": model.sha256}
    ]
