"""A query with exceptions: all that match, but for some that somebody took out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError
from tests.features.bulk.world import ADA

from dexter.features.bulk.forms import BulkRequest

if TYPE_CHECKING:
    from tests.features.bulk.world import World

RESOLVE = {"op": "status", "status": "resolved"}


async def test_what_is_excluded_is_no_part_of_the_job(world: World) -> None:
    """Whoever selects all and takes two out again must find those two untouched."""
    ids = await world.unresolved(6)
    spared = ids[:2]
    before = await world.images(spared)
    selection = {"query": "is:unresolved", "exclude": spared}
    request = BulkRequest.model_validate({"selection": selection, "operations": [RESOLVE]})
    asked = [{"organization": "acme", "pairs": [["query", "is:unresolved"]], "exclude": spared}]
    job = await world.applied(await world.desk.ask(request, asked, ADA, "api"))
    assert job.counts is not None
    assert job.counts["done"] == job.counts["total"] > 0
    assert job.progress["entered"] == 0, "what is left alone did not come in meanwhile"
    assert not set(spared) & {item.issue_id for item in await world.items(job)}
    assert await world.images(spared) == before


def test_ids_have_no_exceptions() -> None:
    """Leaving an id out says the same, and two ways to say it could contradict each other."""
    selection = {"ids": ["1", "2"], "exclude": ["2"]}
    with pytest.raises(ValidationError, match="exclude each other"):
        BulkRequest.model_validate({"selection": selection, "operations": [RESOLVE]})
