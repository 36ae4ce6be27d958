"""What the service writes down by itself: from a channel's data to the endpoint that answers."""

from __future__ import annotations

from typing import Any

from mlplatform_tests.sagemaker_emulator.asked import IMAGE as TRAINING_IMAGE
from mlplatform_tests.sagemaker_emulator.asked import channel, finished, training
from mlplatform_tests.sagemaker_emulator.hosted import ENDPOINT, IMAGE, Hosted
from mlplatform_tests.sagemaker_emulator.server import BUCKET, ROLE

DATA = f"s3://{BUCKET}/in/"


def test_from_data_to_endpoint(emulator: Any) -> None:
    hosted, service = Hosted(emulator), emulator.client("sagemaker")
    emulator.client("s3").put_object(Bucket=BUCKET, Key="in/rows", Body=b"x")
    script = "echo -n trained > /opt/ml/model/name"
    service.create_training_job(**training("job", script, InputDataConfig=[channel("train", DATA)]))
    job = finished(service, "job")
    url = job["ModelArtifacts"]["S3ModelArtifacts"]
    service.create_model_package_group(ModelPackageGroupName="some")
    package = service.create_model_package(
        ModelPackageGroupName="some",
        InferenceSpecification={"Containers": [{"Image": IMAGE, "ModelDataUrl": url}]},
    )["ModelPackageArn"]
    service.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    container = {"ModelPackageName": package}
    service.create_model(ModelName="packaged", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "a", "ModelName": "packaged", "InstanceType": "ml.m5.large"}
    service.create_endpoint_config(EndpointConfigName="packaged", ProductionVariants=[variant])
    hosted.endpoint("packaged")

    [component] = service.list_trial_components(SourceArn=job["TrainingJobArn"])["TrialComponentSummaries"]
    assert component["TrialComponentName"] == "job-aws-training-job"
    described = service.describe_trial_component(TrialComponentName="job-aws-training-job")
    assert described["Status"]["PrimaryStatus"] == "Completed"
    assert described["InputArtifacts"]["train"]["Value"] == DATA
    assert described["OutputArtifacts"]["SageMaker.ModelArtifact"]["Value"] == url

    def one(listing: str, members: str, uri: str, arn: str) -> str:
        [found] = getattr(service, listing)(SourceUri=uri)[members]
        return found[arn]  # type: ignore[no-any-return]

    data = one("list_artifacts", "ArtifactSummaries", DATA, "ArtifactArn")
    endpoint_arn = hosted.described()["EndpointArn"]
    endpoint = one("list_contexts", "ContextSummaries", endpoint_arn, "ContextArn")
    answer = service.query_lineage(StartArns=[data], Direction="Descendants", IncludeEdges=True)
    assert {(vertex["Type"], vertex["LineageType"]) for vertex in answer["Vertices"]} == {
        ("DataSet", "Artifact"),
        ("TrainingJob", "TrialComponent"),
        ("Model", "Artifact"),
        ("ModelPackage", "Artifact"),
        ("ModelGroup", "Context"),
        ("Approval", "Action"),
        ("ModelDeployment", "Action"),
        ("Endpoint", "Context"),
    }
    assert endpoint in {vertex["Arn"] for vertex in answer["Vertices"]}
    back = service.query_lineage(StartArns=[endpoint], Direction="Ascendants", Filters={"Types": ["Image"]})
    images = [vertex["Arn"] for vertex in back["Vertices"] if vertex["Type"] == "Image"]
    uris = {service.describe_artifact(ArtifactArn=arn)["Source"]["SourceUri"] for arn in images}
    assert uris == {IMAGE, TRAINING_IMAGE}


def test_what_is_automatic_counts_against_no_quota_and_meets_what_is_not(emulator: Any) -> None:
    service = emulator.client("sagemaker")
    emulator.client("s3").put_object(Bucket=BUCKET, Key="in/rows", Body=b"x")
    emulator.quotas.update(Artifact=1, Association=1)
    mine = service.create_artifact(Source={"SourceUri": DATA}, ArtifactType="DataSet")["ArtifactArn"]
    for name in ("one", "two"):
        service.create_training_job(**training(name, "true", InputDataConfig=[channel("train", DATA)]))
    for name in ("one", "two"):
        finished(service, name)
    listed = service.list_associations(SourceArn=mine)["AssociationSummaries"]
    assert {one["DestinationName"] for one in listed} == {
        f"{name}-aws-training-job" for name in ("one", "two")
    }
    service.add_association(
        SourceArn=mine, DestinationArn=_context(service), AssociationType="AssociatedWith"
    )


def test_an_update_is_another_deployment_to_the_same_endpoint(emulator: Any) -> None:
    hosted = Hosted(emulator)
    hosted.endpoint(hosted.config("one"))
    hosted.update(hosted.config("two"))
    hosted.settled()
    hosted.update(hosted.config("bad", "dead"))
    hosted.settled()
    service = emulator.client("sagemaker")
    actions = service.list_actions(ActionType="ModelDeployment")["ActionSummaries"]
    assert len(actions) == 2  # what never answered was not deployed
    assert len(service.list_contexts(ContextType="Endpoint")["ContextSummaries"]) == 1
    assert actions[0]["Source"]["SourceUri"].endswith(f"endpoint/{ENDPOINT}")


def _context(service: Any) -> str:
    answer = service.create_context(ContextName="c", Source={"SourceUri": "x"}, ContextType="UseCase")
    return answer["ContextArn"]  # type: ignore[no-any-return]
