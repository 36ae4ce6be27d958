"""IAM's simulation of policies, which moto lacks: whatever is not denied by a fault is allowed."""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse

from mlplatform_tests.sagemaker_emulator.dispatch import FAULTS

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def create_role(iam: Any, name: str) -> None:
    """The role that jobs run under."""
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))


def install() -> None:
    """Put it in front of moto; doing it twice changes nothing."""
    IamResponse.simulate_principal_policy = _simulated  # type: ignore[attr-defined]


def _simulated(response: Any) -> ActionResult:
    resources = response._get_param("ResourceArns") or ["*"]
    return ActionResult(
        {
            "EvaluationResults": [
                {
                    "EvalActionName": action,
                    "EvalResourceName": resource,
                    "EvalDecision": "implicitDeny" if action in FAULTS.denied else "allowed",
                    "MatchedStatements": [],
                    "MissingContextValues": [],
                }
                for action in response._get_param("ActionNames")
                for resource in resources
            ],
            "IsTruncated": False,
        }
    )
