"""From the credentials of the environment, or the saved ones, to the account; one connection for all devices."""

from __future__ import annotations

import os
import threading
from typing import Any

from ..errors import InputError, PausedError
from .account import Account
from .errors import REMEDY, quiet, redacted
from .runtime import CLIENT_ERRORS, MALFORMED, NO_ACCOUNT, REJECTED, service_class

OFFLINE = "QPARTITION_OFFLINE"
"""Environment variable: while it is set, nothing here contacts IBM Quantum."""
_TOKEN = "QISKIT_IBM_TOKEN"
_CREDENTIALS = (_TOKEN, "QISKIT_IBM_INSTANCE", "QISKIT_IBM_CHANNEL", "QISKIT_IBM_URL")

_kept: dict[tuple[Any, ...], Account] = {}
_connecting = threading.Lock()


def account() -> Account:
    """The account of this process; another one where the credentials in the environment have changed.

    Raises:
        InputError: As `connect`.
        PausedError: As `connect`.
    """
    key = (service_class(), *(hash(os.environ.get(name)) for name in _CREDENTIALS))
    with _connecting:
        if key not in _kept:
            _kept.clear()
            _kept[key] = connect()
        return _kept[key]


def connect() -> Account:
    """The account of the usual environment variables, or else the saved one.

    Raises:
        InputError: If there is none, its token is rejected, or QPARTITION_OFFLINE is set.
        PausedError: If the service cannot be reached.
    """
    service = service_class()
    if os.environ.get(OFFLINE) and getattr(service, "__module__", "").startswith("qiskit_ibm_runtime"):
        raise InputError(f"IBM Quantum is not contacted, since {OFFLINE} is set; unset it to use your account")
    try:
        with quiet():
            return Account(service())
    except NO_ACCOUNT:
        raise InputError(f"no IBM Quantum account is known here; {REMEDY}") from None
    except REJECTED + MALFORMED as error:
        reason = redacted(error, os.environ.get(_TOKEN))
        raise InputError(f"IBM Quantum does not accept the account ({reason}); {REMEDY}") from None
    except CLIENT_ERRORS as error:
        reason = redacted(error, os.environ.get(_TOKEN))
        raise PausedError(f"IBM Quantum cannot be reached ({reason}); try again later") from None
