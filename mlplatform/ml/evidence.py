"""What an approval rests on: the exact model, the sets it was trained and judged on, and the verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from mlplatform.ml.hashing import digest


@dataclass(frozen=True)
class Evidence:
    """Hashes of everything a person was shown. All are hex sha256, the version is its first 12 digits."""

    use_case: str
    model_version: str
    model: str
    artifact: str
    code: str
    training_set: str
    validation_set: str
    evaluation: str
    verdict: str

    @property
    def sha256(self) -> str:
        """One hash over all of it: an approval is bound to this one."""
        return digest(asdict(self))

    def differences(self, other: Evidence) -> list[str]:
        """Names of what is not the same in the other, in the order of the fields."""
        mine, theirs = asdict(self), asdict(other)
        return [name.replace("_", " ") for name in mine if mine[name] != theirs[name]]
