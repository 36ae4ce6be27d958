"""What a job cost, roughly: on-demand prices of common instance types.

Source: the price list at https://aws.amazon.com/sagemaker/pricing for training and processing in US East
(N. Virginia), Ohio and Oregon, which have the same prices. Copied by hand, so it is an estimate; prices of
other regions and instance types are not guessed.
"""

from __future__ import annotations

CURRENCY = "USD"
PRICES_AS_OF = "2025"
_REGIONS = {"us-east-1", "us-east-2", "us-west-2"}
_PER_HOUR = {
    "ml.m5.large": 0.115,
    "ml.m5.xlarge": 0.23,
    "ml.m5.2xlarge": 0.461,
    "ml.m5.4xlarge": 0.922,
    "ml.m5.12xlarge": 2.765,
    "ml.m5.24xlarge": 5.53,
    "ml.c5.xlarge": 0.204,
    "ml.c5.2xlarge": 0.408,
    "ml.c5.4xlarge": 0.816,
    "ml.c5.9xlarge": 1.836,
    "ml.c5.18xlarge": 3.672,
}


def cost_estimate(region: str, instance_type: str, billable_seconds: float) -> float | None:
    """US dollars for one instance, or None where the price is not known.

    A spot job is billed at this price too, for fewer seconds: the service's billable seconds hold the saving.
    """
    price = _PER_HOUR.get(instance_type) if region in _REGIONS else None
    return None if price is None else round(price * billable_seconds / 3600, 6)
