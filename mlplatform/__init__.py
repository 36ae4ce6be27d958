"""mlplatform: from a landed file to a judged model, in one Dagster asset graph."""
