"""What can go wrong between a question and an answer.

    LlmError
    ├── MissingKey          the named environment variable is empty: nothing was sent
    ├── NotAuthorised       401, 403 or a sentence about the key: the provider refuses it; asking again is useless
    ├── QuotaSpent          the account has nothing left; waiting does not bring it back
    ├── RequestRefused      the provider rejects the question itself (unknown model, context too long, bad request)
    ├── ImagesRefused       the provider takes the question, but no figures with it
    ├── Unavailable         rate limit, outage, lost connection or time-out, after all attempts
    ├── BudgetSpent         the meter's hard limit leaves no room for another call
    └── TranscriptMissing   replay was asked for and this question was never recorded

A recorded sweep keeps its failed questions too, so that its replay fails where it failed, in the same words.

An answer that is empty, refused, cut or not JSON is *not* an error of this kind: it comes back as an `Answer` whose
`json_error` says what is wrong, because the model can be told and asked again.
"""


class LlmError(Exception):
    """A question without an answer. The message is one sentence and never contains a key."""


class MissingKey(LlmError):
    pass


class NotAuthorised(LlmError):
    pass


class QuotaSpent(LlmError):
    pass


class RequestRefused(LlmError):
    pass


class ImagesRefused(LlmError):
    pass


class Unavailable(LlmError):
    """`retry_after_s` is what the server asked for, None if it did not say."""

    def __init__(self, message: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BudgetSpent(LlmError):
    pass


class TranscriptMissing(LlmError):
    pass


FOR_GOOD = (MissingKey, NotAuthorised, QuotaSpent, RequestRefused)  # no repetition of the question helps
KINDS: dict[str, type[LlmError]] = {
    kind.__name__: kind for kind in (*FOR_GOOD, ImagesRefused, Unavailable, BudgetSpent)
}
