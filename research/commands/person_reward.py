"""python -m research person-reward: whether a reward makes LoRAs of rendered people more alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facechain_ext.hosts.diffusers.output import prepare_folder


def person_reward(
    *,
    work: Annotated[Path, typer.Option(help="Folder of the measurement; it goes on there if stopped.")],
    people: Annotated[int, typer.Option(min=1, max=100, help="Held-out people that are learned.")] = 8,
    pictures: Annotated[int, typer.Option(min=1, help="Pictures that each is learned from.")] = 15,
    reward: Annotated[float, typer.Option(min=0, help="The reward beside none.")] = 2.0,
    judge_people: Annotated[int, typer.Option(min=2, help="Rendered people whom the judging network learns.")] = 3000,
    judge_steps: Annotated[int, typer.Option(min=1, help="Steps of its training.")] = 3000,
    docs: Annotated[Path, typer.Option(help="Folder that gets person-reward.md and .json.")] = Path("docs/research"),
) -> None:
    """Learn rendered people with and without the reward, draw them, and let a network of its own judge."""
    import torch

    from facechain_ext.demo import tiny_models
    from facechain_ext.identity import TransFace
    from research.evaluate.budget import Budget
    from research.evaluate.subjects import load_or_train_eval_net
    from research.person_lora.judge import Judge
    from research.person_lora.rewarded import RESULTS, RewardLaboratory, measure_rewards, rewards_page, write_rows
    from research.person_lora.run import SETTINGS

    torch.set_num_threads(1)  # networks this narrow gain nothing from a second thread
    for folder in (work, docs):
        prepare_folder(folder)
    models = tiny_models(work / "models")
    typer.echo("training the locator and the judging network")
    judge = Judge(TransFace.from_file(models.encoder), work)
    budget = Budget(eval_net_persons=judge_people, eval_net_steps=judge_steps)
    laboratory = RewardLaboratory(models, judge, load_or_train_eval_net(work / "eval_net.safetensors", budget))
    rows = measure_rewards(laboratory, range(people), pictures, SETTINGS, (0.0, reward), work, typer.echo)
    command = (
        f"python -m research person-reward --work FOLDER --people {people} --pictures {pictures} --reward {reward:g}"
    )
    command += f" --judge-people {judge_people} --judge-steps {judge_steps}"
    text = rewards_page(rows, f"{judge_people} people for {judge_steps} steps", command)
    (docs / "person-reward.md").write_text(text, encoding="utf-8")
    write_rows(docs / RESULTS, rows)
    typer.echo(text)
