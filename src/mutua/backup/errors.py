"""What can be wrong with a backup, and what can stand in the way of taking or restoring one."""

from mutua.message import Message, message


class BackupError(Exception):
    """A backup cannot be taken or restored; nothing has changed. `problem` says why, `advice` what to do."""

    def __init__(self, problem: Message, advice: Message | None = None) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.advice = advice


class UnreadableBackupError(BackupError):
    """The file is no backup that this program can read."""


class DamagedBackupError(UnreadableBackupError):
    """The file was cut off, damaged or changed by somebody."""

    def __init__(self, what: Message) -> None:
        super().__init__(
            message("the backup is damaged: {what}.", what=what),
            message("take another copy of the file, or an older backup."),
        )


class NewerBackupError(UnreadableBackupError):
    """A later version of this program wrote it."""


class WrongPassphraseError(UnreadableBackupError):
    """The passphrase does not open it."""


class BackupRefusedError(BackupError):
    """The backup is sound, or could be taken; the present state of the console stands in the way."""


class WeakPassphraseError(BackupError):
    """The passphrase is too short for a new backup."""
