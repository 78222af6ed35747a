"""Training: face adapters on photos, and the small models on a world of drawn faces."""
