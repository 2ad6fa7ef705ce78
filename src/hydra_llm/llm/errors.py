"""What can go wrong between a question and an answer.

    LlmError
    ├── MissingKey          the named environment variable is empty: nothing was sent
    ├── NotAuthorised       401 or 403: the provider knows the key and refuses it; asking again is useless
    ├── RequestRefused      the provider rejects the question itself (unknown model, context too long, bad request)
    ├── Unavailable         rate limit, outage, lost connection or time-out, after all attempts
    ├── BudgetSpent         the ledger's hard limit leaves no room for another call
    └── TranscriptMissing   replay was asked for and this question was never recorded

An answer that is empty, refused, cut or not JSON is *not* an error of this kind: it comes back as an `Answer` whose
`json_error` says what is wrong, because the model can be told and asked again.
"""


class LlmError(Exception):
    """A question that brought no answer. The message is one sentence and never contains a key."""


class MissingKey(LlmError):
    pass


class NotAuthorised(LlmError):
    pass


class RequestRefused(LlmError):
    pass


class Unavailable(LlmError):
    pass


class BudgetSpent(LlmError):
    pass


class TranscriptMissing(LlmError):
    pass
