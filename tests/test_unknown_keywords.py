"""`anml_fl.federate`: what a keyword that is no setting is answered with."""

from __future__ import annotations

import pytest

from anml_fl import federate
from anml_fl.settings.section import ConfigError


@pytest.mark.parametrize(
    ("keyword", "told"),
    [
        ("metrics", "unknown keyword 'metrics': did you mean metric"),
        ("local_epoch", "did you mean local_epochs"),
        ("weights_classes", "weight_classes"),
        ("sites", "unknown keyword 'sites': did you mean by?"),
        ("qqqqq", "it takes the settings of `anml run --help`"),
    ],
)
def test_an_unknown_keyword_is_told_with_those_that_come_near(keyword, told):
    with pytest.raises(ConfigError) as caught:
        federate("patients.csv", "died", **{keyword: 1})
    assert told in str(caught.value)
    assert len(str(caught.value)) < 200
    assert "-" not in str(caught.value).replace("--help", "")
