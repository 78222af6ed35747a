"""What the face costs: the bare U-Net against every way of attaching the adapter, measured in one run."""
