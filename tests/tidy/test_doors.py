"""The index of what folders declare is that of the folders, and every endpoint that is declared is there."""

from __future__ import annotations

from fogbank.core import doors, services


def test_the_index_has_not_aged():
    assert doors.table() == doors.generate(), "python -m fogbank.core.doors"


def test_every_endpoint_has_its_door():
    for name in services.built():
        service = services.load(name)
        assert service is not None
        declared = {
            endpoint
            for door in doors.table()
            if door.service == name
            for endpoint in (
                *(host.endpoint for host in door.host),
                *(path.endpoint for path in door.path),
                door.browser,
                *door.inner,
            )
            if endpoint
        }
        assert set(service.endpoints) == declared
