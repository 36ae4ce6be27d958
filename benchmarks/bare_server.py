"""What one would write by hand: a Starlette server that answers rows with a fitted pipeline, and no more.

    bare_server.py MODEL_FOLDER PORT

No contract, no capture, no swap, no limits. Start it with OMP_NUM_THREADS=1, without which it is much slower
wherever a core is busy.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from mlplatform.container.artifact import load_trusted


def loaded(folder: Path) -> tuple[Any, Any, list[str]]:
    """The feature function, the pipeline and its columns."""
    spec = importlib.util.spec_from_file_location("code", folder / "code" / "__init__.py")
    package = importlib.util.module_from_spec(spec or sys.exit("no code"))
    package.__path__ = [str(folder / "code")]
    sys.modules["model_code"] = package
    features = importlib.import_module("model_code.features")
    names = [*features.NOMINAL, *features.NUMERIC]
    return features.build_features, load_trusted((folder / "model.skops").read_bytes()), names


def main() -> None:
    """Serve until it is killed."""
    build, pipeline, names = loaded(Path(sys.argv[1]))

    async def invoke(request: Request) -> JSONResponse:
        document = json.loads(await request.body())
        rows = pd.DataFrame(document if isinstance(document, list) else [document])
        return JSONResponse({"predictions": pipeline.predict_proba(build(rows)[names])[:, 1].tolist()})

    gc.set_threshold(200_000, 20, 20)  # as the program beside it
    app = Starlette(routes=[Route("/endpoints/{name}/invocations", invoke, methods=["POST"])])
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error", access_log=False)


if __name__ == "__main__":
    main()
