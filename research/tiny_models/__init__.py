"""Training the small models that ship on the world of drawn faces alone."""

from __future__ import annotations

from research.tiny_models.plan import PLAN, Plan, Schedule

__all__ = ["PLAN", "Plan", "Schedule"]
