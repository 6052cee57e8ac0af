"""What can go wrong with a private authority, each with what was found and what to do."""

from mutua.message import Message


class AuthorityError(Exception):
    """The family. `problem` is one sentence for people, `advice` what they can do, if anything."""

    def __init__(self, problem: Message, advice: Message | None = None) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.advice = advice


class AuthorityNameError(AuthorityError):
    """The name cannot stand in the authority's certificates."""


class AuthorityFolderError(AuthorityError):
    """The folder cannot take a new authority."""


class UnreadableAuthorityError(AuthorityError):
    """The folder holds no authority that can be used: a file is missing, damaged or does not fit."""


class PassphraseNeededError(AuthorityError):
    """The key is encrypted and no passphrase was given."""


class WrongPassphraseError(AuthorityError):
    """The passphrase does not open the key."""


class AuthorityOutOfDateError(AuthorityError):
    """The intermediate is not valid now: it has ended, or this machine's clock is wrong."""


class UnreadableRequestError(AuthorityError):
    """The bytes are not one signing request."""


class RequestRefusedError(AuthorityError):
    """The request can be read and must not be signed."""
