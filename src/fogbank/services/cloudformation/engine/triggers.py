"""Rollback triggers: alarms that are watched during an operation, and for a time after its last resource.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-rollback-triggers.html

The texts of the reasons could not be confirmed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core.context import Context
from fogbank.core.errors import ServiceError

LOOK = 5.0  # seconds between two looks at the alarms


class Triggers:
    """The alarms and the monitoring time of a RollbackConfiguration. `calls` reads the alarms."""

    def __init__(self, calls: Context, configuration: dict[str, Any]) -> None:
        self._calls = calls
        self._arns = [trigger["Arn"] for trigger in configuration.get("RollbackTriggers") or ()]
        self._seconds = 60.0 * int(configuration.get("MonitoringTimeInMinutes") or 0)

    async def watch(self, stop: Callable[[str], None]) -> None:
        """Look at the alarms until one is in alarm, and call `stop` with the reason. Runs until it is cancelled."""
        while self._arns:
            reason = await self._reason()
            if reason:
                stop(reason)
                return
            await self._calls.clock.sleep(LOOK)

    async def monitor(self, cancelled: Callable[[], bool]) -> str:
        """Watch for the monitoring time. Returns the reason to roll back, or ''."""
        end = self._calls.now() + self._seconds
        while True:
            reason = await self._reason()
            left = end - self._calls.now()
            if reason or left <= 0 or cancelled():
                return reason
            await self._calls.clock.sleep(min(LOOK, left))

    async def _reason(self) -> str:
        for arn in self._arns:
            name = arn.partition(":alarm:")[2]
            request = {"AlarmNames": [name], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
            try:
                found = await self._calls.call("cloudwatch", "DescribeAlarms", request)
            except ServiceError as error:
                return f"The rollback trigger {arn} could not be read: {error.message}"
            alarms = [*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ())]
            if not alarms:
                return f"The rollback trigger {arn} does not exist"
            if alarms[0]["StateValue"] == "ALARM":
                return f"The rollback trigger {arn} went to ALARM state"
        return ""
