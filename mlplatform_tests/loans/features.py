"""Features of loans: honest ones, and some that look at what nobody knows when the loan is asked for."""

import pandas as pd


def honest(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"amount": rows["amount"], "known": rows["opened"].dt.day.astype(float)})


def how_long_it_ran(rows: pd.DataFrame) -> pd.DataFrame:
    days = (rows["closed"] - rows["opened"]).dt.days
    return pd.DataFrame({"amount": rows["amount"], "known": days.astype(float)})


def why_it_failed(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"amount": rows["amount"], "known": rows["reason"].notna().astype(float)})


def amount_if_it_failed(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"amount": rows["amount"], "known": rows["amount"] % 7 * rows["reason"].notna()})


def the_answer(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"amount": rows["amount"], "known": rows["failed"]})
