"""Cards of several logins in one library: each sees its own and the shared ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from facechain_ext.errors import FaceChainError, WeightsError
from facechain_ext.identity import Identity, PhotoFact
from facechain_ext.identity.library import CardLibrary
from facechain_ext.storage.owner import OwnedFolder, Owner, acting_as, current_owner, use_logins
from facechain_ext.weights import set_models_folder

ALICE, BOB, ROOT = Owner("alice"), Owner("bob"), Owner("root", administrator=True)
MINE = "Ida"


def person(seed):
    grey = np.full((1, 112, 112, 3), 128, np.uint8)
    fact = PhotoFact("a.jpg", "0" * 64, 1, (0.0, 0.0, 9.0, 9.0), "none", "none")
    numbers = torch.Generator().manual_seed(seed)
    tokens, embedding = torch.randn(1, 144, 32, generator=numbers), torch.randn(1, 512, generator=numbers)
    return Identity(tokens, embedding, grey, grey[0], (fact,), (1.0,), "encoder", "")


@pytest.fixture
def library(tmp_path):
    """The folder of cards: three from before there were logins, and one of Alice's."""
    set_models_folder(tmp_path)
    for seed, name in enumerate(("Anna", "Ben", "Cleo")):
        CardLibrary().save(person(seed), name)
    use_logins(on=True)
    with acting_as(ALICE):
        CardLibrary().save(person(9), MINE)
    yield tmp_path / "cards"
    use_logins(on=False)
    set_models_folder(None)


@pytest.mark.parametrize(
    "name",
    ["Ida @alice", "logins/{0}/Ida", "../cards/logins/{0}/Ida", "logins\\{0}\\Ida", "./Ida", "Ida\0", "IDA"],
)
def test_no_name_leads_into_anothers_folder(library, name):

    name = name.format(OwnedFolder(library).of_login("alice").name)
    with acting_as(BOB), pytest.raises(FaceChainError):
        CardLibrary().load(name)
    with acting_as(BOB), pytest.raises(FaceChainError):
        CardLibrary().delete(name)


@pytest.mark.parametrize("login", ["", "Alice", "alice ", "alice/", "../alice", "alice\0", "ALICE", "logins"])
def test_a_login_that_looks_like_anothers_is_another(library, login):
    with acting_as(Owner(login)):
        assert MINE not in CardLibrary().names()


def test_code_that_runs_for_no_request_sees_what_is_shared_and_keeps_nothing(library):
    assert not current_owner().known
    assert CardLibrary().names() == ["Anna", "Ben", "Cleo"]
    person = CardLibrary().load("Anna")
    for act in (lambda: CardLibrary().save(person, "New"), lambda: CardLibrary().delete("Anna")):
        with pytest.raises(FaceChainError):
            act()


def test_both_can_have_a_card_of_one_name(library):
    with acting_as(BOB):
        CardLibrary().save(CardLibrary().load("Ben"), MINE)
        mine = CardLibrary().load(MINE).digest
    with acting_as(ALICE):
        assert CardLibrary().load(MINE).digest != mine
        CardLibrary().delete(MINE)
    with acting_as(BOB):
        assert CardLibrary().load(MINE).digest == mine


def test_a_shared_card_is_used_by_all_and_changed_by_its_owner_and_the_administrator(library):
    with acting_as(ALICE):
        CardLibrary().share(MINE, on=True)
    with acting_as(BOB):
        assert CardLibrary().load(MINE).name == MINE
        for act in (
            CardLibrary().delete,
            lambda name: CardLibrary().rename(name, "Other"),
            lambda name: CardLibrary().share(name, on=False),
        ):
            with pytest.raises(FaceChainError, match="shared by others"):
                act(MINE)
        with pytest.raises(FaceChainError, match="already"):
            CardLibrary().save(CardLibrary().load("Ben"), MINE)
    with acting_as(ALICE):
        CardLibrary().rename(MINE, "Ida 2")
        CardLibrary().share("Ida 2", on=False)
    with acting_as(BOB):
        assert CardLibrary().names() == ["Anna", "Ben", "Cleo"]
    with acting_as(ROOT):
        assert CardLibrary().names() == ["Anna", "Ben", "Cleo", "Ida 2 @alice"]
        assert CardLibrary().load("Ida 2 @alice").name == "Ida 2 @alice"
        CardLibrary().delete("Ida 2 @alice")
        CardLibrary().delete("Anna")
    with acting_as(ALICE):
        assert CardLibrary().names() == ["Ben", "Cleo"]


def test_cards_from_before_logins_are_everybodys_and_stay(library):
    for owner in (ALICE, BOB):
        with acting_as(owner):
            assert CardLibrary().load("Anna").name == "Anna"
            for act in (CardLibrary().delete, lambda name: CardLibrary().share(name, on=False)):
                with pytest.raises(FaceChainError, match="shared by others"):
                    act("Anna")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "cards").write_bytes(b"a file in place of the folder")
    with pytest.raises(WeightsError, match="cannot be made"):
        OwnedFolder(tmp_path / "cards").prepare(ALICE)
