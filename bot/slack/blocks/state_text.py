"""How each state of a scan is called and marked, the same wherever it is shown."""

from bot.core.scan import State

MARKS: dict[State, str] = {
    State.RECEIVED: ":hourglass_flowing_sand:",
    State.PULLING: ":hourglass_flowing_sand:",
    State.CHECKING: ":hourglass_flowing_sand:",
    State.WAITING: ":hourglass_flowing_sand:",
    State.ASKING: ":question:",
    State.SUBMITTING: ":hourglass_flowing_sand:",
    State.QUEUED: ":hourglass_flowing_sand:",
    State.SUBMITTED: ":white_check_mark:",
    State.UNCERTAIN: ":warning:",
    State.DUPLICATE: ":information_source:",
    State.REJECTED: ":no_entry:",
    State.FAILED: ":x:",
    State.CANCELLED: ":heavy_minus_sign:",
}
"""The emoji at the head of a line; the words beside it say the same."""

WORDS: dict[State, str] = {
    State.RECEIVED: "received",
    State.PULLING: "being pulled",
    State.CHECKING: "being read",
    State.WAITING: "waiting for another scan",
    State.ASKING: "waiting for an answer",
    State.SUBMITTING: "being submitted",
    State.QUEUED: "waiting to try again",
    State.SUBMITTED: "submitted",
    State.UNCERTAIN: "uncertain",
    State.DUPLICATE: "duplicate",
    State.REJECTED: "rejected",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
}
"""The state in words, as in "#12 is …"."""
