"""What every test needs before torch is loaded."""

from __future__ import annotations

import os

# Small models gain nothing by threads, and threads that wait in a loop cost minutes where others want the processor.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
