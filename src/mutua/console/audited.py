"""What the audit log tells of: for every route that may change something, what is done there. This table alone says.

Such a route that is in neither table cannot be made, so none can be forgotten.
"""

from collections.abc import Iterable, Mapping

from mutua.logbook import actions
from mutua.logbook.actions import Action

CHANGING_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_APPLICATION = "POST /api/ApplicationService/Actions/ApplicationService"
_ACCOUNTS = "/api/AccountService/Accounts"
_DEVICES = "POST /api/DeviceService/Actions/DeviceService"
_GROUPS = "POST /api/GroupService/Actions/GroupService"
_MIGRATION = "POST /api/MigrationService/Actions/MigrationService"
_CERTIFICATES = "POST /settings/security/certificates"
_USERS = "POST /settings/users"

AUDITED: Mapping[str, Action] = {
    "DELETE /api/SessionService/Sessions('{identifier}')": actions.END_SESSION,
    f"POST {_ACCOUNTS}": actions.ADD_ACCOUNT,
    f"PUT {_ACCOUNTS}('{{identifier}}')": actions.CHANGE_ACCOUNT,
    f"DELETE {_ACCOUNTS}('{{identifier}}')": actions.DELETE_ACCOUNT,
    "POST /api/AccountService/Actions/AccountService.ChangePassword": actions.CHANGE_OWN_PASSWORD,
    f"{_APPLICATION}.GenerateCSR": actions.REQUEST_CERTIFICATE,
    f"{_APPLICATION}.UploadCertificate": actions.UPLOAD_CERTIFICATE,
    f"{_APPLICATION}.UploadCertChain": actions.UPLOAD_CHAIN,
    "PUT /api/ApplicationService/Network/WebServerConfiguration": actions.CHANGE_WEB_SERVER,
    "POST /api/BackupService/Actions/BackupService.CreateBackup": actions.CREATE_BACKUP,
    f"{_DEVICES}.ImportDevices": actions.IMPORT_DEVICES,
    f"{_DEVICES}.RemoveDevices": actions.REMOVE_DEVICES,
    "DELETE /api/GroupService/Groups({identifier})": actions.DELETE_GROUP,
    f"{_GROUPS}.CreateGroup": actions.ADD_GROUP,
    f"{_GROUPS}.UpdateGroup": actions.CHANGE_GROUP,
    f"{_GROUPS}.DeleteGroup": actions.DELETE_GROUP,
    f"{_GROUPS}.AddMemberDevices": actions.FILL_GROUP,
    f"{_GROUPS}.RemoveMemberDevices": actions.THIN_GROUP,
    f"{_MIGRATION}.MeetPeer": actions.MEET_PEER,
    f"{_MIGRATION}.VerifyConnection": actions.VERIFY_CONNECTION,
    f"{_MIGRATION}.Prepare": actions.PREPARE_MIGRATION,
    f"{_MIGRATION}.Migrate": actions.START_MIGRATION,
    f"{_MIGRATION}.Resume": actions.RESUME_MIGRATION,
    f"{_MIGRATION}.Abort": actions.ABORT_MIGRATION,
    "POST /logout": actions.END_SESSION,
    "POST /password": actions.CHANGE_OWN_PASSWORD,
    f"{_CERTIFICATES}/request": actions.REQUEST_CERTIFICATE,
    f"{_CERTIFICATES}/chain": actions.UPLOAD_CHAIN,
    f"{_CERTIFICATES}/certificate": actions.UPLOAD_CERTIFICATE,
    "POST /settings/backup/create": actions.CREATE_BACKUP,
    f"{_USERS}/add": actions.ADD_ACCOUNT,
    f"{_USERS}/role": actions.CHANGE_ACCOUNT,
    f"{_USERS}/unlock": actions.UNLOCK_ACCOUNT,
    f"{_USERS}/delete": actions.DELETE_ACCOUNT,
    "POST /migration/verify": actions.VERIFY_CONNECTION,
    "POST /migration/start": actions.START_MIGRATION,
    "POST /migration/{identifier}/resume": actions.RESUME_MIGRATION,
    "POST /migration/{identifier}/abort": actions.ABORT_MIGRATION,
}

UNAUDITED = frozenset(
    {
        # Whoever signs in is known to `Accounts` first, which writes it down itself, by whatever route they come.
        "POST /api/SessionService/Sessions",
        "POST /login",
        # These change nothing here.
        "POST /language",
        f"{_APPLICATION}.CheckCertChain",
        f"{_CERTIFICATES}/check-chain",
        f"{_CERTIFICATES}/check-certificate",
    }
)


def action_for(methods: Iterable[str], path: str) -> Action | None:
    """What is done by a route, if the audit log tells of it. Raises `LookupError` for one that no table has."""
    for method in CHANGING_METHODS.intersection(methods):
        route = f"{method} {path}"
        if route in AUDITED:
            return AUDITED[route]
        if route not in UNAUDITED:
            raise LookupError(f"{route} is in no line of the tables of what is audited (mutua.console.audited)")
    return None
