"""``python -m research``: the commands of the laboratory."""

from __future__ import annotations

import logging

import typer

from research.commands import documents, evaluate, models, person_lora, person_reward, photo_tokens, repairs

app = typer.Typer(
    help="The synthetic world, the tiny models that are trained on it, and what is measured with them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("evaluate")(evaluate.evaluate)
app.command("train-world")(models.train_world)
app.command("tiny-sdxl")(models.tiny_sdxl)
app.command("style-pictures")(documents.style_pictures)
app.command("models-page")(documents.models_page)
app.command("held-out-people")(documents.held_out_people)
app.command("real-faces")(evaluate.real_faces)
app.command("person-lora")(person_lora.person_lora)
app.command("person-reward")(person_reward.person_reward)
app.command("repairs")(repairs.repairs)
app.command("photo-tokens")(photo_tokens.photo_tokens)

if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    app(prog_name="python -m research")
