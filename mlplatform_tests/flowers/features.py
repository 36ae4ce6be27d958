"""Features of flowers."""

import pandas as pd


def build_features(rows: pd.DataFrame) -> pd.DataFrame:
    ratio = rows["length"] / (rows["width"] + 0.1)
    return pd.DataFrame({"length": rows["length"], "width": rows["width"], "length_over_width": ratio})
