"""The journal: every job of a run in one SQLite file, so that whatever happens nothing is lost and nothing paid twice.

A job is written down before it is submitted, with the tag by which the service will find it; its results are written
down before anybody uses them. Nothing in the file is executed when it is read.
"""

from .entries import Entry, Move
from .journal import Journal
from .reading import JournalReader
from .spent import Spent

__all__ = ["Entry", "Journal", "JournalReader", "Move", "Spent"]
