"""The platform's log events: INIT_START, START, END, REPORT and its errors, as text or JSON.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime
from typing import Any

import msgspec

from fogbank.core.arns import partition_of

from .spec import Outcome, Spec

DETAILS = {"platform.initStart", "platform.initReport", "platform.start", "platform.runtimeDone"}


def stamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Reporter:
    """Formats an environment's platform events. Each method returns log messages, including their newlines."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._json = spec.log_format == "JSON"

    def _event(self, now: float, kind: str, record: dict[str, Any]) -> list[str]:
        if self._spec.system_log_level == "WARN" and record.get("status", "success") == "success":
            return []
        event = {"time": stamp(now), "type": kind, "record": record}
        return [msgspec.json.encode(event).decode() + "\n"]

    def init_start(self, now: float, runtime: str, path: str) -> list[str]:
        digest = hashlib.sha256(f"{runtime}{path}".encode()).hexdigest()
        region = self._spec.region
        arn = f"arn:{partition_of(region)}:lambda:{region}::runtime:{digest}"
        if self._json:
            record = {
                "initializationType": "on-demand",
                "phase": "init",
                "runtimeVersion": runtime,
                "runtimeVersionArn": arn,
                "functionName": self._spec.name,
                "functionVersion": self._spec.version,
            }
            return self._event(now, "platform.initStart", record)
        return [f"INIT_START Runtime Version: {runtime}\tRuntime Version ARN: {arn}\n"]

    def init_report(self, now: float, milliseconds: float, phase: str, status: str, error_type: str) -> list[str]:
        if self._json:
            record: dict[str, Any] = {
                "initializationType": "on-demand",
                "phase": phase,
                "status": status,
                "metrics": {"durationMs": round(milliseconds, 3)},
            }
            if error_type:
                record["errorType"] = error_type
            return self._event(now, "platform.initReport", record)
        line = f"INIT_REPORT Init Duration: {milliseconds:.2f} ms\tPhase: {phase}\tStatus: {status}"
        return [f"{line}\tError Type: {error_type}\n" if error_type else f"{line}\n"]

    def start(self, now: float, request_id: str) -> list[str]:
        if self._json:
            return self._event(now, "platform.start", {"requestId": request_id, "version": self._spec.version})
        return [f"START RequestId: {request_id} Version: {self._spec.version}\n"]

    def end(self, now: float, request_id: str, outcome: Outcome, memory: int) -> list[str]:
        """Returns END and REPORT; before them, the error text of a timeout."""
        billed = math.ceil(outcome.duration + (outcome.init or 0.0))
        used = max(math.ceil(memory / 1048576), 1)
        if self._json:
            metrics: dict[str, Any] = {
                "durationMs": round(outcome.duration, 3),
                "billedDurationMs": billed,
                "memorySizeMB": self._spec.memory,
                "maxMemoryUsedMB": used,
            }
            if outcome.init is not None:
                metrics["initDurationMs"] = round(outcome.init, 3)
            record: dict[str, Any] = {"requestId": request_id, "metrics": metrics, "status": outcome.status}
            if outcome.status != "success":
                record["errorType"] = outcome.error_type
            return self._event(now, "platform.report", record)
        report = (
            f"REPORT RequestId: {request_id}\tDuration: {outcome.duration:.2f} ms\tBilled Duration: {billed} ms\t"
            f"Memory Size: {self._spec.memory} MB\tMax Memory Used: {used} MB\t"
        )
        if outcome.init is not None:
            report += f"Init Duration: {outcome.init:.2f} ms\t"
        if outcome.status == "timeout":
            report += "Status: timeout"
        elif outcome.status == "error":
            report += f"Status: error\tError Type: {outcome.error_type}"
        lines = [f"END RequestId: {request_id}\n", report + "\n"]
        if outcome.status == "timeout":
            text = f"{stamp(now)} {request_id} Task timed out after {self._spec.timeout}.00 seconds\n\n"
            lines.insert(0, text)
        return lines
