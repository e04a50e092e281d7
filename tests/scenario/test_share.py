"""A build is shared, and its thread says what became of it."""

from tests.scenario.office import Office, apk


async def test_a_shared_build_is_submitted_and_its_thread_says_so(place: Office):
    shared = place.dana.share(place.builds_channel, [("shop-4.2.0.apk", apk())])
    request_id = await place.submitted(shared)
    print(place.read(place.replies(shared)[0]))
    assert place.onetrust.received[0].request_id == request_id
