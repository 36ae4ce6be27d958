"""The thread that answers. Requests that wait meanwhile are predicted together.

Nearly all of the time for one row goes into setting up, in pandas and in scikit-learn, and hardly more of it
is needed for eight rows. One thread is enough, since Python runs one at a time anyway, and the event loop
stays free to take requests and to say that the server is alive.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlplatform.container.serving import MAX_ROWS, Answer, ServedModel, pin_threads
from mlplatform.ml.blame import in_own_words
from mlplatform.ml.capture import Message
from mlplatform.ml.errors import BrokenCode, MLPlatformError

if TYPE_CHECKING:
    import pandas as pd

_MOST_TOGETHER = 64
_SECONDS_TO_FINISH = 3  # by then nobody listens any more: the server has waited for requests under way
Outcome = Answer | Exception


@dataclass(frozen=True)
class _Asked:
    model: ServedModel
    request: Message
    accept: str
    tell: Callable[[Outcome], None]


class Answering:
    """Answers requests one after the other, in the order of their arrival as far as they are for one model.

    Each request is read and judged by itself, so a bad row spoils no other request; and features are made row
    by row, which training has proven, so the company of other rows changes no prediction.
    """

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="answering", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer what waits, then end; a model that gets nowhere is not waited for."""
        self._asked.put(None)
        self._thread.join(_SECONDS_TO_FINISH)

    async def answer(self, model: ServedModel, request: Message, accept: str) -> Answer:
        """The answer of this model. Raises what `ServedModel.answer` does."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()

        def tell(outcome: Outcome) -> None:
            with suppress(RuntimeError):  # the loop is closed: the server ended, and nobody waits
                loop.call_soon_threadsafe(_settle, future, outcome)

        self._asked.put(_Asked(model, request, accept, tell))
        return await future

    def _run(self) -> None:
        pin_threads()
        ended = False
        while not ended:
            together: list[_Asked] = []
            one = self._asked.get()
            while one is not None:
                together.append(one)
                if len(together) == _MOST_TOGETHER or self._asked.empty():
                    break
                one = self._asked.get()
            ended = one is None
            for model in {id(asked.model): asked.model for asked in together}.values():
                _answer_all([asked for asked in together if asked.model is model])


def _settle(future: asyncio.Future[Answer], outcome: Outcome) -> None:
    if future.done():  # nobody waits any more
        return
    if isinstance(outcome, Answer):
        future.set_result(outcome)
    else:
        future.set_exception(outcome)


def _answer_all(asked: Sequence[_Asked]) -> None:
    """Answer requests for one model, as many together as one request may have rows."""
    judged: list[tuple[_Asked, pd.DataFrame]] = []
    total = 0
    for one in asked:
        try:
            rows = one.model.rows_of(one.request)
        except BaseException as error:  # nothing that a model's code does may end this thread
            one.tell(_told(error))
            continue
        if total + len(rows) > MAX_ROWS:
            _answer_judged(judged)
            judged, total = [], 0
        judged.append((one, rows))
        total += len(rows)
    if judged:
        _answer_judged(judged)


def _answer_judged(judged: Sequence[tuple[_Asked, pd.DataFrame]]) -> None:
    import pandas as pd

    frames = [rows for _, rows in judged]
    try:
        rows = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
        predictions = judged[0][0].model.predictions_of(rows)
    except BaseException as error:
        if len(judged) == 1:
            judged[0][0].tell(_told(error))
            return
        for one in judged:  # one of them spoils it; alone, the others are answered
            _answer_judged([one])
        return
    start = 0
    for asked, rows in judged:
        end = start + len(rows)
        try:
            asked.tell(asked.model.answer_with(predictions[start:end], asked.accept))
        except BaseException as error:
            asked.tell(_told(error))
        start = end


def _told(error: BaseException) -> Exception:
    """What may be raised in the event loop: an exit, say, would end the server."""
    if isinstance(error, MLPlatformError):
        return error
    broken = BrokenCode(in_own_words(error))
    broken.__cause__ = error
    return broken
