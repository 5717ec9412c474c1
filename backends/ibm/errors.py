"""From errors of the client to those of this project, with the token struck out."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..errors import InputError, UsageLimitError
from ..remote.errors import Missing, Unreachable
from .lanes import LaneClosed
from .runtime import CLIENT_ERRORS, NO_JOB, REJECTED
from .transport import is_of_the_network, response_of

REMEDY = (
    "save one with QiskitRuntimeService.save_account(token=..., instance=...), or set QISKIT_IBM_TOKEN and "
    "QISKIT_IBM_INSTANCE"
)
"""For whoever has no account, or one that is not accepted."""
_LONGEST = 300
"""Characters of a message of the service that are repeated."""
_SPOKEN = (
    "The backend .* currently has a status of",
    "This instance has met its usage limit",
    "There is currently no more time",
    "Unable to retrieve IBM Cloud access token",
)
"""Warnings of the client about what is said here."""


@contextmanager
def translated(secret: str | None, of_a_job: bool = False) -> Iterator[None]:
    """Context in which errors of the client become those of this project.

    Args:
        secret: What no message may show.
        of_a_job: What is asked about, a job or a batch, may be gone; anything else that is not found passes.

    Raises:
        Unreachable: The service cannot be reached, or not now.
        Missing: The service does not know the job or batch.
        LaneClosed: The batch or session takes no more jobs, or the job is over.
        UsageLimitError: The account may not do this, or has no time left.
        InputError: The account is not accepted any more, or the request is refused.
    """
    try:
        with quiet():
            yield
    except CLIENT_ERRORS as error:
        found = _translated(error, secret)
        raise Unreachable(str(found)) if isinstance(found, Missing) and not of_a_job else found from None


def _translated(error: Exception, secret: str | None) -> Exception:
    text = redacted(error, secret)
    code, retry_after = response_of(error)
    if isinstance(error, NO_JOB) or code == 404:
        return Missing(text)
    if isinstance(error, REJECTED) or code == 401:
        return InputError(f"IBM Quantum does not accept the account any more ({text}); {REMEDY}")
    if code == 403:
        return UsageLimitError(
            f"IBM Quantum refuses this ({text}); the account may have no time left, or no right to it"
        )
    if code == 409 or "session is closed" in text.lower():
        return LaneClosed(text)
    if is_of_the_network(error) if code is None else code in (408, 429) or code >= 500:
        return Unreachable(text, retry_after)
    return InputError(f"IBM Quantum refuses the request ({text}); check circuit, options and account")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the client's own talk off the screen: it names accounts, and what matters is said here."""
    # by message, since filters belong to the whole process and jobs are submitted from several threads
    for message in _SPOKEN:
        warnings.filterwarnings("ignore", message=message)
    logging.getLogger("qiskit_ibm_runtime").setLevel(logging.ERROR)
    yield


def token_of(service: Any) -> str | None:
    """The token of a ``QiskitRuntimeService``, to keep it out of messages."""
    with suppress(Exception):
        account = service.active_account()
        return None if account is None else str(account.get("token") or "") or None
    return None


def redacted(error: object, secret: str | None) -> str:
    """The message of an error, in one line and without the secret."""
    text = " ".join(str(getattr(error, "message", None) or error).split())
    text = text.replace(secret, "***") if secret and len(secret) > 3 else text
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
