"""One trainer of LoRAs for styles, people and things; they differ in preparation, settings and what follows."""
