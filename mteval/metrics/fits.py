"""The metrics for which MT-Thresholds (Kocmi et al. 2024) has a fit of how often a difference agrees with people."""

from __future__ import annotations

from collections.abc import Collection


def fits() -> Collection[str]:
    """Their names there, as ``comet22``."""
    import mt_thresholds

    names: Collection[str] = mt_thresholds.METRICS
    return names
