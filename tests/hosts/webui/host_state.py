"""The webui's job state and its progress, and what a generation does to them, as modules/processing.py does it."""

from __future__ import annotations


class HostState:
    """``modules.shared.state``; ``seen`` has the progress that a page was shown after each change."""

    def __init__(self):
        self.interrupted = self.skipped = self.stopping_generation = False
        self.sampling_step, self.sampling_steps = 0, 0
        self.job_count, self.job_no, self.processing_has_refined_job_count = 0, 0, False
        self.seen = []

    def begin(self, job="(unknown)"):
        self.sampling_step, self.job_count, self.job_no = 0, -1, 0
        self.processing_has_refined_job_count = False
        self.interrupted = self.skipped = self.stopping_generation = False

    def end(self):
        self.job_count = 0

    def interrupt(self):
        self.interrupted = True

    def nextjob(self):
        self.job_no += 1
        self.sampling_step = 0
        self.look()

    def progress(self):
        """What modules/progress.py and /sdapi/v1/progress answer."""
        progress = 0
        if self.job_count > 0:
            progress += self.job_no / self.job_count
        if self.sampling_steps > 0 and self.job_count > 0:
            progress += 1 / self.job_count * self.sampling_step / self.sampling_steps
        return min(progress, 1)

    def look(self):
        if self.job_count != 0:
            self.seen.append(self.progress())

    def sample(self, steps, before_step=None):
        """One pass of the sampler, whose callback comes after each step with the number of that step."""
        self.sampling_steps, self.sampling_step = steps, 0
        self.look()
        for step in range(steps):
            if before_step is not None:
                before_step(step, steps)
                self.look()
            if self.interrupted:
                return
            self.sampling_step = step
            self.look()

    def process_images(self, steps, *, count=1, hires_steps=0, before_step=None, after=None):
        """A run of txt2img, or of img2img with as many steps as it samples."""
        if hires_steps and not self.processing_has_refined_job_count:
            if self.job_count == -1:
                self.job_count = count
            self.job_count *= 2
            self.processing_has_refined_job_count = True
        if self.job_count == -1:
            self.job_count = count
        for _ in range(count):
            self.sample(steps, before_step and (lambda *at: before_step(False, *at)))
            if hires_steps:
                self.nextjob()
                self.sample(hires_steps, before_step and (lambda *at: before_step(True, *at)))
            self.nextjob()
            if after is not None:
                after()
