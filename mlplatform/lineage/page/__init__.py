"""What is behind a model as one page to look at and to print; every number leads to its record."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from mlplatform.lineage.graph import Graph
from mlplatform.lineage.page.drawing import draw
from mlplatform.lineage.page.links import six_links
from mlplatform.lineage.page.tables import batches, jobs, of_model, records, verdicts

if TYPE_CHECKING:
    from jinja2 import Template


def page_of(graph: Graph) -> str:
    """A trace of a model version as HTML. The same graph gives the same page.

    Everything that people or files named (reasons, names, values) stands in it as text, whatever it says.
    """
    version = str(graph.subject["model_version"])
    judged = [one for one in graph.of("evaluation") if one.facts["model_version"] == version]
    return _template().render(
        use_case=graph.subject["use_case"],
        version=version,
        live=graph.subject["kind"] == "endpoint",
        until=max(one.time for one in graph.nodes),
        verdict=judged[-1] if judged else None,
        links=six_links(graph),
        drawing=draw(graph),
        tables=[verdicts(graph), batches(graph), of_model(graph), jobs(graph)],
        records=records(graph),
    )


@cache
def _template() -> Template:
    """``page.html`` beside this module, compiled once per process; undefined names are errors."""
    from importlib.resources import files

    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = files("mlplatform.lineage.page").joinpath("page.html").read_text(encoding="utf-8")
    return environment.from_string(text)
