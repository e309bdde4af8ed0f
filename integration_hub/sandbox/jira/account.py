"""How a Jira site lets callers in, how much it bears, and the words it refuses with."""

from __future__ import annotations

import base64
import json

from .. import stamps
from ..messages import Call, Misshapen, Refusal, Reply
from ..recent import Recent
from ..vendor import Vendor
from .worklogs import refused

API = "/rest/api/3"
PERMISSIONS = ("BROWSE_PROJECTS", "USER_PICKER", "ADMINISTER_PROJECTS")
_QUESTIONS = ("/worklog/list", "/search/jql", "/search")


def credential(email: str, token: str) -> str:
    """What comes after `Basic`."""
    return base64.b64encode(f"{email}:{token}".encode()).decode()


class Account(Vendor):
    """All that is not what the site holds."""

    recent: dict[tuple[str, str], Recent]

    def authorize(self, call: Call) -> None:
        scheme, _, credential = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic" or not self.tokens.valid(credential):
            raise Refusal(Reply(401, "Client must be authenticated to access this resource."))
        if call.method != "GET" and not self.setting("may_write") and self.writes(call):
            raise refused(403, "You do not have permission to edit this entity.")

    def expire(self, call: Call) -> None:
        self.tokens.revoke(call.headers.get("authorization", "").partition(" ")[2])

    def writes(self, call: Call) -> bool:
        return super().writes(call) and not call.path.endswith(_QUESTIONS)

    def failure(self, status: int, message: str = "") -> Reply:
        return Reply(status, {"errorMessages": [message or "Internal server error"], "errors": {}})

    def not_found(self, call: Call) -> Reply:
        return Reply(404, {"message": "null for uri: " + call.path, "status-code": 404})

    def throttled(self, reason: str = "jira-burst-based", wait: int = 1) -> Reply:
        reset = stamps.instant(self.store.clock.now() + wait * 1000)
        headers = {
            "RateLimit-Reason": reason,
            "X-RateLimit-Reset": f"{reset:%Y-%m-%dT%H:%MZ}",
            "X-RateLimit-Remaining": "0",
            "Retry-After": str(wait),
        }
        return Reply(429, {"errorMessages": ["Rate limit exceeded."], "errors": {}}, headers)

    def over_quota(self) -> Reply:
        return self.throttled("jira-quota-tenant-based", 1800)

    def crowded(self, call: Call) -> Reply | None:
        """Bursts are counted by method and endpoint; writes to one issue beside that."""
        kind = "/".join(part for part in call.path.split("/")[4:] if not any(letter.isdigit() for letter in part))
        limits = [((call.method, kind), "calls_per_second", "jira-burst-based")]
        if call.method != "GET" and "/issue/" in call.path:
            limits.append((("issue", call.path.split("/")[5]), "issue_writes_per_second", "jira-per-issue-on-write"))
        for key, setting, reason in limits:
            if self.recent.setdefault(key, Recent(1)).another() > self.setting(setting):
                return self.throttled(reason)
        return None

    def finish(self, call: Call, reply: Reply) -> None:
        reply.headers.setdefault("X-RateLimit-Limit", str(self.setting("calls_per_second")))

    def respond(self, call: Call) -> Reply:
        try:
            return super().respond(call)
        except Misshapen as problem:
            raise refused(400, str(problem)) from None
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise refused(400, "There was an error parsing JSON. Check that your request body is valid.") from None
