"""The commands of ``facechain``, one module each."""
