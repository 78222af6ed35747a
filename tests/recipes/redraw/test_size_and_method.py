"""A drawing's size at the end, and the method that keeps its people."""

from __future__ import annotations

from facechain_ext.recipes.redraw.recipe import redraw
from facechain_ext.recipes.redraw.settings import RedrawSettings
from facechain_ext.recipes.template import read_template
from tests.recipes.redraw.test_redraw import FacesAgain, person
from tests.recipes.template.portraits import HEAD, png


def test_a_drawing_is_enlarged_before_its_faces_are_drawn_once_more_by_the_same_method():
    one, host = read_template(png(HEAD), name="one.png"), FacesAgain()
    settings = RedrawSettings(repair=True, sides=(256, 512), method="FACT", enlarge=512)
    result = redraw(one, [person("Anna")], settings, host=host)
    assert result.image.pixels.shape == (512, 512, 3)
    assert [job.method for job in host.jobs] == ["FACT", "FACT"]
    assert host.jobs[0].remarks["FaceChain enlarged to"] == 512
    assert result.notes[0] == "Enlarged to 512 x 512 by Lanczos."
    face = host.jobs[1]
    assert max(face.width, face.height) > 200
