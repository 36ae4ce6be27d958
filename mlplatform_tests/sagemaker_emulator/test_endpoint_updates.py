"""Updates replace one fleet by another: no request fails, and a fleet that is not good never stays."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlplatform_tests.sagemaker_emulator.asked import until
from mlplatform_tests.sagemaker_emulator.hosted import ENDPOINT, Hosted, asking, blue_green


@pytest.fixture
def hosted(emulator: Any) -> Hosted:
    made = Hosted(emulator)
    made.endpoint(made.config("old"))
    return made


def test_all_at_once_without_a_failed_request(hosted: Hosted) -> None:
    hosted.config("new")
    with asking(hosted) as client:
        until(lambda: client.answered)
        hosted.update("new", **blue_green(wait=100))
        assert hosted.described()["EndpointStatus"] == "Updating"
        pending = hosted.described()["PendingDeploymentSummary"]
        assert (pending["EndpointConfigName"], hosted.described()["EndpointConfigName"]) == ("new", "old")
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            hosted.update("new")
        described = hosted.settled()
        until(lambda: client.answered[-1] == "new")
    assert client.errors == []
    assert client.answered == sorted(client.answered, key=["old", "new"].index)
    assert described["EndpointConfigName"] == "new"
    assert "FailureReason" not in described and "PendingDeploymentSummary" not in described
    assert described["LastDeploymentConfig"] == blue_green(wait=100)


def test_a_request_under_way_is_answered_by_the_fleet_that_got_it(hosted: Hosted) -> None:
    import threading

    hosted.config("new")
    answers: list[str] = []
    slow = threading.Thread(target=lambda: answers.append(hosted.asked(b"slow")["name"]))
    hosted.update("new")
    slow.start()
    hosted.settled()
    slow.join()
    assert len(answers) == 1


def test_a_canary_gets_its_share_before_the_rest(hosted: Hosted) -> None:
    hosted.config("new")
    with asking(hosted) as client:
        hosted.update("new", **blue_green(wait=150, canary=30))
        hosted.settled()
    assert client.errors == []
    first = client.answered.index("new")
    both = client.answered[first:]
    assert "old" in both and both[-1] == "new"


@pytest.mark.parametrize("when", ["before", "during"])
def test_an_alarm_takes_the_old_configuration_back(hosted: Hosted, when: str) -> None:
    hosted.config("new")
    hosted.emulator.set_alarm("errors", "OK" if when == "during" else "ALARM")
    with asking(hosted) as client:
        hosted.update("new", **blue_green(3600, "errors", last_wait=3600))
        if when == "during":
            until(lambda: "new" in client.answered)
            hosted.emulator.set_alarm("errors", "ALARM")
        described = hosted.settled()  # content, as if nothing had happened
        assert hosted.asked()["name"] == "old"
    assert client.errors == []
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "old")
    assert "alarms went off during the deployment: errors" in described["FailureReason"]


@pytest.mark.parametrize("broken", ["dead", "ill"])
def test_a_broken_model_never_takes_traffic(hosted: Hosted, broken: str) -> None:
    hosted.config("new", broken)
    hosted.emulator.pace.startup_seconds = 1.0 if broken == "ill" else None
    with asking(hosted) as client:
        hosted.update("new", **blue_green())
        described = hosted.settled()
    assert (client.errors, set(client.answered)) == ([], {"old"})
    assert described["EndpointConfigName"] == "old"
    assert "did not pass the ping health check" in described["FailureReason"]
    hosted.update(hosted.config("better"))  # and the next one is taken as ever
    assert "FailureReason" not in hosted.settled()
    assert hosted.asked()["name"] == "better"


def test_deployments_that_the_service_does_not_take(hosted: Hosted) -> None:
    hosted.config("new")
    for deployment, said in (
        (blue_green(0, "nobody's"), "Alarms do not exist: nobody's"),
        (blue_green(canary=60), "CanarySize must be at most 50%"),
    ):
        with pytest.raises(ClientError, match=said):
            hosted.update("new", **deployment)
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        hosted.update("none")
    assert hosted.sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "InService"
