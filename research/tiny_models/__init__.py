"""Training of the tiny models that ship, on the synthetic world alone."""

from __future__ import annotations

from research.tiny_models.plan import PLAN, Plan, Schedule

__all__ = ["PLAN", "Plan", "Schedule"]
