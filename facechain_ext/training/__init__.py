"""Training: face adapters on photos, and the tiny models on the synthetic world."""
