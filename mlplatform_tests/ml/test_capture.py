import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplatform.ml.capture import Exchange, Message, capture_line, exchanges

messages = st.builds(
    Message,
    st.sampled_from(
        ["application/json", "text/csv; header=present", "application/jsonlines", "text/plain", ""]
    ),
    st.binary(max_size=40) | st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")),
)
printable = st.text(string.printable, min_size=1, max_size=64)
some_exchanges = st.builds(
    Exchange,
    event_id=st.uuids().map(str),
    time=st.just("2026-01-31T17:25:49Z"),
    model_version=st.text(string.hexdigits, min_size=1, max_size=12),
    request=messages,
    answer=messages,
    inference_id=st.none() | printable,
)


@given(st.lists(some_exchanges, max_size=4))
@settings(deadline=None)
def test_what_is_captured_is_read_again(given_exchanges: list[Exchange]) -> None:
    lines = [capture_line(one) for one in given_exchanges]
    assert all(line.count(b"\n") == 1 and line.endswith(b"\n") for line in lines)
    assert list(exchanges(lines)) == given_exchanges


@given(some_exchanges, some_exchanges, st.data())
@settings(deadline=None)
def test_a_line_that_was_not_finished_is_left_out(
    first: Exchange, second: Exchange, data: st.DataObject
) -> None:
    torn = capture_line(second)[:-1]
    torn = torn[: data.draw(st.integers(0, len(torn)))]
    assert list(exchanges([capture_line(first), *([torn] if torn else [])])) == [first]


def an_exchange(**changes: object) -> Exchange:
    body = Message("text/csv", b"1,2\n")
    fields: dict[str, object] = {
        "event_id": "event",
        "time": "2026-01-31T17:25:49Z",
        "model_version": "abc",
        "request": body,
        "answer": body,
    }
    return Exchange(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"[]\n",
        b"{}\n",
        b"\xff\n",
        b'{"captureData": {}, "eventMetadata": {}}\n',
        capture_line(an_exchange(request=Message("x", b"\x01"))).replace(b"AQ==", b"A"),
    ],
)
def test_a_broken_line_is_named(line: bytes) -> None:
    with pytest.raises(ValueError, match="line 2 is no capture record"):
        list(exchanges([capture_line(an_exchange()), line, capture_line(an_exchange())]))


def test_the_line_is_that_of_sagemaker() -> None:
    document = json.loads(
        capture_line(an_exchange(inference_id="mine", answer=Message("image/png", b"\x89")))
    )
    assert document == {
        "captureData": {
            "endpointInput": {
                "observedContentType": "text/csv",
                "mode": "INPUT",
                "data": "1,2\n",
                "encoding": "CSV",
            },
            "endpointOutput": {
                "observedContentType": "image/png",
                "mode": "OUTPUT",
                "data": "iQ==",
                "encoding": "BASE64",
            },
        },
        "eventMetadata": {
            "eventId": "event",
            "inferenceTime": "2026-01-31T17:25:49Z",
            "customAttributes": ["model-version=abc"],
            "inferenceId": "mine",
        },
        "eventVersion": "0",
    }


def test_ground_truth_joins_the_clients_id_where_there_is_one() -> None:
    assert an_exchange().id == "event"
    assert an_exchange(inference_id="mine").id == "mine"


def test_a_line_without_a_model_version_is_still_an_exchange() -> None:
    document = json.loads(capture_line(an_exchange()))
    del document["eventMetadata"]["customAttributes"]
    [read] = exchanges([json.dumps(document).encode() + b"\n"])
    assert read.model_version == ""
