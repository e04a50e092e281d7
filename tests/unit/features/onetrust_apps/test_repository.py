"""What is known of applications in OneTrust is found by index, however long the history is."""

from bot.features.onetrust_apps.repository import _NEW, _RELATED


async def test_an_application_is_looked_up_by_index(store, database):
    query = "EXPLAIN QUERY PLAN " + _RELATED.format("1")

    plan = await database.read(lambda db: [row["detail"] for row in db.query(query, ["a", "b", "c", "a"])])

    assert any("scans_app_id" in step for step in plan), plan
    assert any("submissions_application" in step for step in plan), plan
    assert not any(step.startswith("SCAN scans") for step in plan), plan


async def test_a_new_app_is_looked_up_by_its_name_by_index(store, database):
    query = "EXPLAIN QUERY PLAN " + _NEW.format("1")

    plan = await database.read(lambda db: [row["detail"] for row in db.query(query, ["Shop", "android"])])

    assert any("scans_name" in step for step in plan), plan
