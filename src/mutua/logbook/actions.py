"""What the audit log tells of: the kinds of things that people do to a console.

A name and an identifier mean the same for good: entries that were written keep them.
"""

from typing import NamedTuple

from mutua.message import N_


class Action(NamedTuple):
    """A kind of thing that is done. `name` is what is kept, `message_id` what clients of the API know it by."""

    name: str
    message_id: str
    title: str


SIGN_IN = Action("session.open", "CUSR0001", N_("Signing in"))
END_SESSION = Action("session.end", "MUTA0002", N_("Ending a session"))
CHANGE_OWN_PASSWORD = Action("password.change", "MUTA0003", N_("Changing one's own password"))
ADD_ACCOUNT = Action("account.add", "MUTA0010", N_("Adding an account"))
CHANGE_ACCOUNT = Action("account.change", "MUTA0011", N_("Changing an account"))
DELETE_ACCOUNT = Action("account.delete", "MUTA0012", N_("Deleting an account"))
SET_PASSWORD = Action("account.password", "MUTA0013", N_("Setting the password of an account"))
UNLOCK_ACCOUNT = Action("account.unlock", "MUTA0014", N_("Letting an account sign in again"))
REQUEST_CERTIFICATE = Action("certificate.request", "MUTA0020", N_("Making a signing request"))
UPLOAD_CERTIFICATE = Action("certificate.upload", "MUTA0021", N_("Uploading a certificate"))
UPLOAD_CHAIN = Action("chain.upload", "MUTA0022", N_("Uploading a certificate chain"))
IMPORT_DEVICES = Action("devices.import", "MUTA0030", N_("Importing devices"))
REMOVE_DEVICES = Action("devices.remove", "MUTA0031", N_("Removing devices"))
ADD_GROUP = Action("group.add", "MUTA0040", N_("Adding a group"))
CHANGE_GROUP = Action("group.change", "MUTA0041", N_("Changing a group"))
DELETE_GROUP = Action("group.delete", "MUTA0042", N_("Deleting a group"))
FILL_GROUP = Action("group.fill", "MUTA0043", N_("Adding devices to a group"))
THIN_GROUP = Action("group.thin", "MUTA0044", N_("Taking devices out of a group"))
MEET_PEER = Action("peer.meet", "MUTA0050", N_("Meeting another console"))
VERIFY_CONNECTION = Action("connection.verify", "MUTA0051", N_("Verifying the connection to another console"))
PREPARE_MIGRATION = Action("migration.prepare", "MUTA0052", N_("Preparing a migration"))
START_MIGRATION = Action("migration.start", "MUTA0053", N_("Starting a migration"))
RESUME_MIGRATION = Action("migration.resume", "MUTA0054", N_("Resuming a migration"))
ABORT_MIGRATION = Action("migration.abort", "MUTA0055", N_("Aborting a migration"))
CREATE_BACKUP = Action("backup.create", "MUTA0062", N_("Taking a backup"))
RESTORE_BACKUP = Action("backup.restore", "MUTA0061", N_("Restoring a backup"))
CHANGE_WEB_SERVER = Action("webserver.change", "MUTA0070", N_("Changing the settings of the web server"))
CUT_AUDIT_LOG = Action("audit.cut", "MUTA0060", N_("Removing the oldest entries of this log"))

ACTIONS = {found.name: found for found in tuple(globals().values()) if isinstance(found, Action)}
"""Every kind, by name."""
