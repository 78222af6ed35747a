"""What owns the diffusion model: a webui, or diffusers."""
