import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mlplatform.container.answering import Answering
from mlplatform.container.code import folder_sha256
from mlplatform.container.serving import Answer, ServedModel
from mlplatform.ml.bad_request import BadRequest
from mlplatform.ml.capture import Message
from mlplatform.ml.errors import BrokenCode
from mlplatform_tests.container.served import another_model, deploy, model_folder, serving, some_rows

# Training hours at which the model's code goes wrong, and how.
WRONG = {
    900: "raise SystemExit(3)",
    901: "raise StopIteration",
    902: "raise RuntimeError('a secret path')",
    903: "raise KeyboardInterrupt",
}


@pytest.fixture(scope="module")
def home(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("answering") / "home"
    shutil.copytree(trained_home / "snapshots", folder / "snapshots")
    return folder


@pytest.fixture(scope="module")
def touchy(home: Path) -> Path:
    """A model whose features cannot be made at some training hours."""
    folder = another_model(home)
    features = folder / "code" / "features.py"
    lines = [
        f"    if (rows['training_hours'] == {hours}).any():\n        {how}" for hours, how in WRONG.items()
    ]
    text = features.read_text().replace("    features = {\n", "\n".join(lines) + "\n    features = {\n", 1)
    features.write_text(text)
    return folder


def asked(*rows: dict[str, Any]) -> Message:
    return Message("application/json", json.dumps(rows).encode())


def answers(*questions: tuple[ServedModel, Message, str]) -> list[Answer | BaseException]:
    """The outcomes of requests that all wait before the first is answered."""

    async def ask() -> list[Answer | BaseException]:
        answering = Answering()
        tasks = [asyncio.create_task(answering.answer(*question)) for question in questions]
        await asyncio.sleep(0)  # every task has put its request down
        answering.start()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        answering.stop()
        return outcomes

    return asyncio.run(ask())


def test_requests_that_wait_together_get_the_answers_they_get_alone(home: Path) -> None:
    one, other = ServedModel(model_folder(home)), ServedModel(another_model(home, "zzzzzzzzzzz1"))
    rows = some_rows(60)
    questions = [
        (
            (one, other)[number % 2],
            asked(*rows[number : number + 1 + number % 3]),
            ("", "text/csv")[number % 3 == 0],
        )
        for number in range(50)
    ]
    outcomes = answers(*questions)
    assert outcomes == [model.answer(request, accept) for model, request, accept in questions]


def test_a_request_that_is_refused_spoils_no_other(home: Path) -> None:
    model, rows = ServedModel(model_folder(home)), some_rows(4)
    bad = {**rows[1], "gender": "male"}
    outcomes = answers(*[(model, asked(row), "") for row in (rows[0], bad, rows[2])], (model, asked(), ""))
    assert [type(one) for one in outcomes] == [Answer, BadRequest, Answer, BadRequest]
    assert outcomes[2] == model.answer(asked(rows[2]))


def test_code_that_goes_wrong_spoils_no_other_request_and_ends_nothing(touchy: Path) -> None:
    model, rows = ServedModel(touchy), some_rows(8)
    given = [{**row, "training_hours": hours} for row, hours in zip(rows, WRONG, strict=False)]
    questions = [(model, asked(row), "") for pair in zip(given, rows[4:], strict=True) for row in pair]
    outcomes = answers(*questions)
    assert [type(one) for one in outcomes] == [BrokenCode, Answer] * 4
    assert "SystemExit" in str(outcomes[0])


def test_whoever_asks_is_not_told_what_went_wrong_inside(home: Path, touchy: Path) -> None:
    manifest = json.loads((touchy / "manifest.json").read_text())
    manifest["code_sha256"] = folder_sha256(touchy / "code")
    (touchy / "manifest.json").write_text(json.dumps(manifest))
    deploy(home, touchy)
    [row] = some_rows(1)
    with serving(home) as server:
        for hours in WRONG:
            status, headers, body = server.ask({**row, "training_hours": hours})
            assert (status, headers["x-amzn-errortype"]) == (500, "InternalFailure")
            assert body["Message"] == f"model {touchy.name} could not answer. The server's log says why."
        assert server.ask(row)[0] == 200
        assert "a secret path" in server.log.read_text()
        described = server.endpoint()
        assert (described["failed"], described["refused"], described["rows"]) == (len(WRONG), 0, 1)
        assert server.stop() == 0
