"""Labels in a search of issues: what is Dexter's is taken out, what is Sentry's stays."""

from __future__ import annotations

import pytest

from dexter.errors import BadRequest
from dexter.features.label_search import LabelSearch, split_labels


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", LabelSearch("")),
        ("  is:unresolved  two  spaces ", LabelSearch("is:unresolved  two  spaces")),
        ("label:flaky", LabelSearch("", (("flaky",),))),
        ("is:unresolved LABEL:flaky level:error", LabelSearch("is:unresolved level:error", (("flaky",),))),
        ('label:"needs info" timeout', LabelSearch("timeout", (("needs info",),))),
        ('label:[flaky, "needs info"]', LabelSearch("", (("flaky", "needs info"),))),
        ("label:a label:b", LabelSearch("", (("a",), ("b",)))),
        ("!label:flaky !label:[a, b]", LabelSearch("", (), ("flaky", "a", "b"))),
        ("label:team:web", LabelSearch("", (("team:web",),))),
        ("mylabel:flaky", LabelSearch("mylabel:flaky")),
        ("has:label", LabelSearch("has:label")),
        ('message:"see label:x here"', LabelSearch('message:"see label:x here"')),
    ],
)
def test_labels_are_taken_out_of_a_search(query: str, found: LabelSearch) -> None:
    """Sentry would take `label:` for a tag and find nothing."""
    assert split_labels(query) == found


@pytest.mark.parametrize("query", ["label:", 'label:""', "label:[]", "label:[ , ]", "is:unresolved label:"])
def test_a_term_without_a_name_is_refused(query: str) -> None:
    """Half typed, it must not stand for all issues, nor for none."""
    with pytest.raises(BadRequest, match="no label"):
        split_labels(query)
