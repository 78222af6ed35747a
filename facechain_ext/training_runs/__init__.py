"""Style trainings as seen by page and trainer: requests, captions and status, without the trainer's packages."""
