"""The ways in which a person enters a diffusion model."""
