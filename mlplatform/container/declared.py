"""The part of a declaration that goes into a container."""

from __future__ import annotations

from mlplatform.container.code import Declared
from mlplatform.ml.declaration import Declaration
from mlplatform.ml.steps import BY_NAME


def declared_of(declaration: Declaration) -> Declared:
    """What training, features and serving need to know of a use case."""
    return Declared(
        use_case=declaration.name,
        raw=declaration.reference("raw"),
        features=declaration.reference("features"),
        build_features=declaration.reference("build_features"),
        estimator=declaration.reference("estimator"),
        entity=declaration.entity,
        target=declaration.target,
        task=declaration.task,
        seed=declaration.seed,
        threads=declaration.threads,
        code_version=declaration.code_version(BY_NAME["model"]),
        after_the_fact=declaration.after_the_fact,
        positive=declaration.positive,
    )
