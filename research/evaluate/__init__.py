"""Evaluation on rendered people: identity, prompt adherence and unwanted change."""

from __future__ import annotations
