"""CreateModelCard and its kin: each change of the content is a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplatform_tests.sagemaker_emulator.callers import caller
from mlplatform_tests.sagemaker_emulator.errors import ServiceError, invalid
from mlplatform_tests.sagemaker_emulator.listing import chosen, ordered, page
from mlplatform_tests.sagemaker_emulator.model_packages import refuse_content
from mlplatform_tests.sagemaker_emulator.operations import Answer, Request, operation
from mlplatform_tests.sagemaker_emulator.shelves import Kept, Shelf


class CardVersion(Kept):
    """A version of a card; `name` is its number, so that they can be listed."""

    def __init__(self, number: int, arn: str, content: Mapping[str, Any]) -> None:
        super().__init__(str(number), arn, content)
        self.number = number
        self.by = caller()


class ModelCard(Kept):
    """A card with all of its versions, the oldest first; `status` is the last one's approval."""

    def __init__(self, name: str, arn: str, request: Request) -> None:
        super().__init__(name, arn, request)
        self.created_by = caller()
        self.versions: list[CardVersion] = []
        self.add(request)

    @property
    def last(self) -> CardVersion:
        """The newest version."""
        return self.versions[-1]

    def add(self, members: Mapping[str, Any]) -> None:
        """A version more."""
        shown = {name: members[name] for name in ("Content", "ModelCardStatus")}
        self.versions.append(CardVersion(len(self.versions) + 1, self.arn, shown))
        self.status = str(shown["ModelCardStatus"])

    def summary(self, version: CardVersion | None = None) -> dict[str, Any]:
        """Its members in a listing, or those of a version."""
        shown = version or self.last
        return {
            "ModelCardName": self.name,
            "ModelCardArn": self.arn,
            "ModelCardStatus": shown.request["ModelCardStatus"],
            "CreationTime": (version or self).created,
            "LastModifiedTime": shown.changed,
        }


CARDS: Shelf[ModelCard] = Shelf(
    "model-card",
    lambda arn: ServiceError("ConflictException", f"Modelcard {arn} already exists."),
    lambda arn: ServiceError("ResourceNotFound", f"Modelcard {arn} does not exist."),
)


def _named(name_or_arn: str) -> ModelCard:
    return CARDS.named(name_or_arn.rpartition("/")[2])


@operation("CreateModelCard")
def create_model_card(request: Request) -> Answer:
    refuse_content(request["Content"])
    name = request["ModelCardName"]
    return {"ModelCardArn": CARDS.put(ModelCard(name, CARDS.arn(name), request)).arn}


@operation("UpdateModelCard")
def update_model_card(request: Request) -> Answer:
    with CARDS.lock:
        card = _named(request["ModelCardName"])
        if len({"Content", "ModelCardStatus"} & request.keys()) != 1:
            raise invalid("Update either the content or the status of a model card, not both in one call.")
        if "Content" in request:
            refuse_content(request["Content"])
            card.add({**card.last.request, "Content": request["Content"]})
        else:
            card.last.change({"ModelCardStatus": request["ModelCardStatus"]})
            card.last.by, card.status = caller(), request["ModelCardStatus"]
        card.changed = card.last.changed
    return {"ModelCardArn": card.arn}


@operation("DescribeModelCard")
def describe_model_card(request: Request) -> Answer:
    card = _named(request["ModelCardName"])
    number = request.get("ModelCardVersion", card.last.number)
    if not 1 <= number <= card.last.number:
        raise ServiceError("ResourceNotFound", f"Modelcard {card.arn} has no version {number}.")
    version = card.versions[number - 1]
    content = version.request["Content"] if request.get("IncludedData") != "MetadataOnly" else ""
    return {
        **card.summary(version),
        "ModelCardVersion": number,
        "Content": content,
        "CreationTime": card.created,
        "CreatedBy": card.created_by,
        "LastModifiedBy": version.by,
        **{name: card.request[name] for name in ("SecurityConfig",) if name in card.request},
    }


@operation("ListModelCards")
def list_model_cards(request: Request) -> Answer:
    wanted = {**request, "StatusEquals": request.get("ModelCardStatus")}
    return page(
        ordered(chosen(CARDS.all(), wanted), request), request, "ModelCardSummaries", ModelCard.summary
    )


@operation("ListModelCardVersions")
def list_model_card_versions(request: Request) -> Answer:
    card, status = _named(request["ModelCardName"]), request.get("ModelCardStatus")
    found = [one for one in card.versions if status in {None, one.request["ModelCardStatus"]}]
    if request.get("SortOrder", "Descending") == "Descending":
        found.reverse()
    return page(
        list(chosen(found, request)),
        request,
        "ModelCardVersionSummaryList",
        lambda version: {**card.summary(version), "ModelCardVersion": version.number},
    )


@operation("DeleteModelCard")
def delete_model_card(request: Request) -> Answer:
    CARDS.remove(_named(request["ModelCardName"]).name)
    return {}
