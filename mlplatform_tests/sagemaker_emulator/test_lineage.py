"""Lineage: entities that are one for one source or name, and what is reached over their associations."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

DATA = "s3://bucket/data.parquet"


@pytest.fixture
def service(emulator: Any) -> Any:
    return emulator.client("sagemaker", access_key="platform")


def artifact(service: Any, uri: str, digest: str = "", kind: str = "DataSet", **more: Any) -> str:
    types = {"SourceTypes": [{"SourceIdType": "Custom", "Value": digest}]} if digest else {}
    answer = service.create_artifact(Source={"SourceUri": uri, **types}, ArtifactType=kind, **more)
    return answer["ArtifactArn"]  # type: ignore[no-any-return]


def action(service: Any, name: str) -> str:
    answer = service.create_action(ActionName=name, Source={"SourceUri": f"run:{name}"}, ActionType="Run")
    return answer["ActionArn"]  # type: ignore[no-any-return]


def associate(service: Any, source: str, destination: str) -> None:
    service.add_association(SourceArn=source, DestinationArn=destination, AssociationType="ContributedTo")


def test_one_source_is_one_artifact(service: Any, emulator: Any) -> None:
    plain, one, other = (artifact(service, DATA, digest) for digest in ("", "sha-1", "sha-2"))
    assert len({plain, one, other}) == 3
    emulator.faults.add("CreateArtifact", "lost answer")
    assert artifact(service, DATA, "sha-1", kind="Model") == one  # what there is already is not changed
    assert service.describe_artifact(ArtifactArn=one)["ArtifactType"] == "DataSet"
    found = service.list_artifacts(SourceUri=DATA)["ArtifactSummaries"]
    assert {entity["ArtifactArn"] for entity in found} == {plain, one, other}
    assert service.list_artifacts(SourceUri=DATA, ArtifactType="Model")["ArtifactSummaries"] == []
    service.update_artifact(ArtifactArn=one, Properties={"rows": "3", "bytes": "9"})
    service.update_artifact(ArtifactArn=one, Properties={"rows": "4"}, PropertiesToRemove=["bytes"])
    described = service.describe_artifact(ArtifactArn=one)
    assert described["Properties"] == {"rows": "4"}
    assert described["CreatedBy"]["IamIdentity"]["Arn"].endswith("user/platform")
    service.delete_artifact(Source=described["Source"])
    for ask in (service.describe_artifact, service.delete_artifact):
        with pytest.raises(ClientError, match="ResourceNotFound"):
            ask(ArtifactArn=one)


def test_actions_and_contexts_are_unique_by_name(service: Any) -> None:
    action(service, "train")
    context = {"ContextName": "case", "Source": {"SourceUri": "x"}, "ContextType": "UseCase"}
    service.create_context(**context)
    with pytest.raises(ClientError, match=r"Action with name \(train\) already exists"):
        action(service, "train")
    with pytest.raises(ClientError, match=r"Context with name \(case\) already exists"):
        service.create_context(**context)
    service.update_action(ActionName="train", Status="Completed", Description="done")
    described = service.describe_action(ActionName="train")
    assert (described["Status"], described["Description"]) == ("Completed", "done")
    assert service.list_contexts(ContextType="UseCase")["ContextSummaries"][0]["ContextName"] == "case"
    service.delete_context(ContextName="case")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        service.describe_context(ContextName="case")


def test_associations_are_between_entities_and_there_is_one(service: Any) -> None:
    data, run = artifact(service, DATA), action(service, "train")
    associate(service, data, run)
    with pytest.raises(ClientError, match=r"ValidationException.*Association already exists"):
        associate(service, data, run)
    job = "arn:aws:sagemaker:us-east-1:123456789012:training-job/train"
    with pytest.raises(ClientError, match=r"'sourceArn' .* regular expression pattern"):
        associate(service, job, run)
    with pytest.raises(ClientError, match=r"ResourceNotFound.*does not exist"):
        associate(service, data, f"{run}-no")
    with pytest.raises(ClientError, match="has associations"):
        service.delete_artifact(ArtifactArn=data)
    [listed] = service.list_associations(SourceArn=data, DestinationType="Action")["AssociationSummaries"]
    assert (listed["DestinationArn"], listed["SourceType"], listed["DestinationType"]) == (
        run,
        "DataSet",
        "Run",
    )
    assert service.list_associations(DestinationArn=data)["AssociationSummaries"] == []
    service.delete_association(SourceArn=data, DestinationArn=run)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        service.delete_association(SourceArn=data, DestinationArn=run)


def test_listings_come_in_pages(service: Any) -> None:
    run = action(service, "train")
    made = [artifact(service, f"{DATA}/{number}") for number in range(25)]
    for one in made:
        associate(service, one, run)
    pages = list(service.get_paginator("list_artifacts").paginate())
    assert [len(page["ArtifactSummaries"]) for page in pages] == [10, 10, 5]
    assert [one["ArtifactArn"] for page in pages for one in page["ArtifactSummaries"]] == made[::-1]
    edges = service.get_paginator("list_associations").paginate(
        DestinationArn=run, PaginationConfig={"PageSize": 20}
    )
    assert [len(page["AssociationSummaries"]) for page in edges] == [20, 5]


def test_a_query_goes_as_far_as_asked_in_one_direction(service: Any) -> None:
    """data-0 -> run-0 -> data-1 -> run-1 -> ... -> data-7, and something else into each run."""
    data = [artifact(service, f"{DATA}/{number}", Properties={"n": str(number)}) for number in range(8)]
    for number in range(7):
        run = action(service, f"run-{number}")
        associate(service, data[number], run)
        associate(service, run, data[number + 1])
        associate(service, artifact(service, f"image/{number}", kind="Image"), run)

    def query(start: str, direction: str, **more: Any) -> list[str]:
        vertices = service.query_lineage(StartArns=[start], Direction=direction, **more)["Vertices"]
        return [one["Arn"] for one in vertices if one["Arn"] != start]

    assert data[7] not in query(data[0], "Descendants")  # 14 associations away
    assert set(query(data[0], "Descendants", Filters={"Types": ["DataSet"]})) == set(data[1:6])
    assert set(query(data[3], "Ascendants", Filters={"Types": ["DataSet"]})) == set(data[:3])
    assert query(data[3], "Ascendants", Filters={"Properties": {"n": "1"}}) == [data[1]]
    assert len(query(data[3], "Both", MaxDepth=1)) == 2
    assert len(query(data[3], "Ascendants", Filters={"LineageTypes": ["Action"]})) == 3
    for refused in ({"StartArns": data[:2]}, {"StartArns": []}, {"StartArns": data[:1], "MaxDepth": 11}):
        with pytest.raises(ClientError, match="ValidationException"):
            service.query_lineage(**refused)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        service.query_lineage(StartArns=[f"{data[0]}0"])


def test_all_pages_of_a_query_together_have_every_edge(service: Any) -> None:
    run = action(service, "train")
    for number in range(60):
        associate(service, artifact(service, f"{DATA}/{number}"), run)
    vertices, edges, token = [], [], {}
    while True:
        answer = service.query_lineage(StartArns=[run], Direction="Ascendants", IncludeEdges=True, **token)
        vertices += [one["Arn"] for one in answer["Vertices"]]
        edges += [(one["SourceArn"], one["DestinationArn"]) for one in answer["Edges"]]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert (len(vertices), len(set(vertices))) == (61, 61)
    assert (len(edges), len(set(edges))) == (60, 60)


def test_quotas(service: Any, emulator: Any) -> None:
    assert emulator.quotas == {"Artifact": 6000, "Action": 3000, "Context": 500, "Association": 6000}
    emulator.quotas.update(Artifact=2, Action=1, Association=1)
    first, second = artifact(service, "a"), artifact(service, "b")
    assert artifact(service, "a") == first  # there is no new one
    with pytest.raises(ClientError, match=r"ResourceLimitExceeded.*'Maximum number of artifacts' is 2"):
        artifact(service, "c")
    run = action(service, "train")
    associate(service, first, run)
    with pytest.raises(ClientError, match=r"ResourceLimitExceeded.*associations"):
        associate(service, second, run)
