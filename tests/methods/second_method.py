"""A method that is made up for the tests: it shifts the residual stream of every block by its gain."""

from __future__ import annotations

from contextlib import contextmanager

from facechain_ext.methods.fact.sites import find_sites
from facechain_ext.methods.setting import Setting


class Shift:
    """Adds ``shift_gain`` times the first person's strength to the input of every norm2."""

    name = "Shift"
    settings = (
        Setting("shift_gain", "Shift gain", "FaceChain shift gain", 0.25, "How much is added.", 0.0, 1.0, 0.05),
        Setting("shift_note", "Shift note", None, "", "A text that is written nowhere."),
    )

    def __init__(self, families=("SD1.5",)):
        self.families = self.trained_for = families
        self.prepared = []

    def has_files(self, family):
        return family in self.families

    def missing_weights(self):
        return ()

    def unavailable_reason(self, family):
        return "" if family in self.families else f"Shift does not work with {family}."

    def unusable_reason(self, identity):
        return ""

    def prepare(self, people, settings, model):
        self.prepared.append((tuple(people), dict(settings)))
        return PreparedShift(settings.get("shift_gain", 0.25) * people[0].strength, settings)


class PreparedShift:
    method = Shift.name
    conditioning = None
    lora = None
    notes = ()

    def __init__(self, amount, settings):
        self.amount = amount
        self.settings = dict(settings)
        self.loaded = 0

    @contextmanager
    def applied(self, model, options):
        handles = [
            site.norm2.register_forward_pre_hook(lambda _module, args: (args[0] + self.amount, *args[1:]))
            for site in find_sites(model.unet)
        ]
        try:
            yield ActiveShift()
        finally:
            for handle in handles:
                handle.remove()

    def keep_loaded(self, device=None):
        self.loaded += 1

    def offload(self):
        self.loaded -= 1


class ActiveShift:
    def set_progress(self, fraction):
        assert 0.0 <= fraction <= 1.0

    def begin_step(self, layout):
        pass

    def set_rows(self, conditional):
        pass
