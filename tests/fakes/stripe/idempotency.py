"""Answers kept under idempotency keys, as https://docs.stripe.com/api/idempotent_requests describes."""

from dataclasses import dataclass

from tests.fakes.stripe.problems import Problem

KEPT_FOR = 24 * 3600


@dataclass
class Kept:
    """A key and, once the work is done, its answer."""

    request: tuple
    created: int
    answer: tuple | None = None


class Keys:
    def __init__(self):
        self.kept = {}

    def claim(self, key, request, now):
        """Return the answer kept under `key`, or None after reserving the key for this request.

        Raises Problem when the key belongs to another request, or to one that is still under way.
        """
        found = self.kept.get(key)
        if found and found.created + KEPT_FOR <= now and found.answer:
            found = None
        if found is None:
            self.kept[key] = Kept(request, now)
            return None
        if found.request != request:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with."
                f" Try using a key other than '{key[-1]}' if you meant to execute a different request."
            )
            raise Problem(400, "idempotency_error", message)
        if found.answer is None:
            message = f"There is currently another in-progress request using this Idempotent Key: {key[-1]}."
            raise Problem(409, "invalid_request_error", message, code="idempotency_key_in_use")
        return found.answer

    def keep(self, key, answer):
        if key in self.kept:
            self.kept[key].answer = answer

    def release(self, key):
        """Forget a key whose request was refused before any work began."""
        self.kept.pop(key, None)

    def forget(self):
        """Forget every answered key, as Stripe may after a day."""
        self.kept = {key: one for key, one in self.kept.items() if one.answer is None}
