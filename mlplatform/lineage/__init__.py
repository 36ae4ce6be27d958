"""Reading the records that the graph has written.

For notebooks: `open_lineage`, and what it gives; see `docs/lineage.md`.
"""

from mlplatform.lineage.about import About
from mlplatform.lineage.advice import Advice
from mlplatform.lineage.answering import Live, Period, live
from mlplatform.lineage.graph import Graph, Node
from mlplatform.lineage.impact import Impact, impact
from mlplatform.lineage.index import reindex
from mlplatform.lineage.notebook import Lineage, open_lineage
from mlplatform.lineage.predictions import Stores
from mlplatform.lineage.trace import trace

__all__ = [
    "About",
    "Advice",
    "Graph",
    "Impact",
    "Lineage",
    "Live",
    "Node",
    "Period",
    "Stores",
    "impact",
    "live",
    "open_lineage",
    "reindex",
    "trace",
]
