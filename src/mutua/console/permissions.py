"""Who may do what: for every route, REST and pages alike, the least that its caller must be. This table alone says.

A route that is not in it cannot be made.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum

from mutua.console.users import Role, User


class Least(IntEnum):
    """What a caller must be at least; each includes those above it."""

    PUBLIC = 0
    """Anybody: nobody is asked who they are."""
    SIGNED_IN = 1
    """Somebody, even if they must change their password before anything else."""
    VIEWER = 2
    DEVICE_MANAGER = 3
    ADMINISTRATOR = 4


_ROLES: Mapping[Role, Least] = {
    Role.VIEWER: Least.VIEWER,
    Role.DEVICE_MANAGER: Least.DEVICE_MANAGER,
    Role.ADMINISTRATOR: Least.ADMINISTRATOR,
}

_APPLICATION = "/api/ApplicationService"
_ACCOUNTS = "/api/AccountService"
_DEVICES = "/api/DeviceService"
_GROUPS = "/api/GroupService"
_SESSIONS = "/api/SessionService"
_MIGRATION = "/api/MigrationService"
_CERTIFICATES = "/settings/security/certificates"

ROUTES: Mapping[str, Least] = {
    "GET /api/openapi.json": Least.PUBLIC,
    f"POST {_SESSIONS}/Sessions": Least.PUBLIC,
    f"GET {_SESSIONS}/Sessions": Least.SIGNED_IN,
    f"DELETE {_SESSIONS}/Sessions('{{identifier}}')": Least.SIGNED_IN,
    f"GET {_ACCOUNTS}/Accounts": Least.ADMINISTRATOR,
    f"POST {_ACCOUNTS}/Accounts": Least.ADMINISTRATOR,
    f"GET {_ACCOUNTS}/Accounts('{{identifier}}')": Least.ADMINISTRATOR,
    f"PUT {_ACCOUNTS}/Accounts('{{identifier}}')": Least.ADMINISTRATOR,
    f"DELETE {_ACCOUNTS}/Accounts('{{identifier}}')": Least.ADMINISTRATOR,
    f"GET {_ACCOUNTS}/Roles": Least.VIEWER,
    f"GET {_ACCOUNTS}/Roles('{{identifier}}')": Least.VIEWER,
    f"POST {_ACCOUNTS}/Actions/AccountService.ChangePassword": Least.SIGNED_IN,
    f"GET {_APPLICATION}/Info": Least.VIEWER,
    f"GET {_APPLICATION}/Certificate": Least.VIEWER,
    f"GET {_APPLICATION}/Network/WebServerConfiguration": Least.VIEWER,
    f"PUT {_APPLICATION}/Network/WebServerConfiguration": Least.ADMINISTRATOR,
    f"GET {_APPLICATION}/AuditLogs": Least.ADMINISTRATOR,
    f"GET {_APPLICATION}/AuditLogs({{identifier}})": Least.ADMINISTRATOR,
    f"POST {_APPLICATION}/Actions/ApplicationService.CheckCertChain": Least.VIEWER,
    f"POST {_APPLICATION}/Actions/ApplicationService.GenerateCSR": Least.ADMINISTRATOR,
    f"POST {_APPLICATION}/Actions/ApplicationService.UploadCertificate": Least.ADMINISTRATOR,
    f"POST {_APPLICATION}/Actions/ApplicationService.UploadCertChain": Least.ADMINISTRATOR,
    "POST /api/BackupService/Actions/BackupService.CreateBackup": Least.ADMINISTRATOR,
    f"GET {_DEVICES}/Devices": Least.VIEWER,
    f"GET {_DEVICES}/Devices({{identifier}})": Least.VIEWER,
    f"GET {_DEVICES}/Devices({{identifier}})/InventoryDetails": Least.VIEWER,
    f"GET {_DEVICES}/Devices({{identifier}})/InventoryDetails('{{kind}}')": Least.VIEWER,
    f"GET {_DEVICES}/Counts": Least.VIEWER,
    f"POST {_DEVICES}/Actions/DeviceService.ImportDevices": Least.DEVICE_MANAGER,
    f"POST {_DEVICES}/Actions/DeviceService.RemoveDevices": Least.DEVICE_MANAGER,
    f"GET {_GROUPS}/Groups": Least.VIEWER,
    f"GET {_GROUPS}/Groups({{identifier}})": Least.VIEWER,
    f"DELETE {_GROUPS}/Groups({{identifier}})": Least.DEVICE_MANAGER,
    f"GET {_GROUPS}/Groups({{identifier}})/Devices": Least.VIEWER,
    f"GET {_GROUPS}/Groups({{identifier}})/AllLeafDevices": Least.VIEWER,
    f"GET {_GROUPS}/Groups({{identifier}})/SubGroups": Least.VIEWER,
    f"POST {_GROUPS}/Actions/GroupService.CreateGroup": Least.DEVICE_MANAGER,
    f"POST {_GROUPS}/Actions/GroupService.UpdateGroup": Least.DEVICE_MANAGER,
    f"POST {_GROUPS}/Actions/GroupService.DeleteGroup": Least.DEVICE_MANAGER,
    f"POST {_GROUPS}/Actions/GroupService.AddMemberDevices": Least.DEVICE_MANAGER,
    f"POST {_GROUPS}/Actions/GroupService.RemoveMemberDevices": Least.DEVICE_MANAGER,
    f"GET {_MIGRATION}/Identity": Least.VIEWER,
    f"GET {_MIGRATION}/Migrations": Least.VIEWER,
    f"GET {_MIGRATION}/Migrations('{{identifier}}')": Least.VIEWER,
    f"POST {_MIGRATION}/Actions/MigrationService.MeetPeer": Least.ADMINISTRATOR,
    f"POST {_MIGRATION}/Actions/MigrationService.VerifyConnection": Least.ADMINISTRATOR,
    f"POST {_MIGRATION}/Actions/MigrationService.Prepare": Least.ADMINISTRATOR,
    f"POST {_MIGRATION}/Actions/MigrationService.Migrate": Least.ADMINISTRATOR,
    f"POST {_MIGRATION}/Actions/MigrationService.Resume": Least.ADMINISTRATOR,
    f"POST {_MIGRATION}/Actions/MigrationService.Abort": Least.ADMINISTRATOR,
    "GET /healthz": Least.PUBLIC,
    "GET /readyz": Least.PUBLIC,
    "GET /static": Least.PUBLIC,
    "GET /login": Least.PUBLIC,
    "POST /login": Least.PUBLIC,
    "POST /logout": Least.PUBLIC,
    "POST /language": Least.PUBLIC,
    "GET /password": Least.SIGNED_IN,
    "POST /password": Least.SIGNED_IN,
    "GET /": Least.VIEWER,
    "GET /devices": Least.VIEWER,
    f"GET {_CERTIFICATES}": Least.VIEWER,
    f"POST {_CERTIFICATES}/request": Least.ADMINISTRATOR,
    f"GET {_CERTIFICATES}/request.csr": Least.VIEWER,
    f"POST {_CERTIFICATES}/chain": Least.ADMINISTRATOR,
    f"POST {_CERTIFICATES}/certificate": Least.ADMINISTRATOR,
    f"POST {_CERTIFICATES}/check-chain": Least.VIEWER,
    f"POST {_CERTIFICATES}/check-certificate": Least.VIEWER,
    "GET /settings/backup": Least.ADMINISTRATOR,
    "POST /settings/backup/create": Least.ADMINISTRATOR,
    "GET /settings/users": Least.ADMINISTRATOR,
    "POST /settings/users/add": Least.ADMINISTRATOR,
    "POST /settings/users/role": Least.ADMINISTRATOR,
    "POST /settings/users/unlock": Least.ADMINISTRATOR,
    "POST /settings/users/delete": Least.ADMINISTRATOR,
    "GET /audit": Least.ADMINISTRATOR,
    "GET /migration": Least.VIEWER,
    "POST /migration/verify": Least.ADMINISTRATOR,
    "POST /migration/start": Least.ADMINISTRATOR,
    "GET /migration/{identifier}": Least.VIEWER,
    "GET /migration/{identifier}/progress": Least.VIEWER,
    "POST /migration/{identifier}/resume": Least.ADMINISTRATOR,
    "POST /migration/{identifier}/abort": Least.ADMINISTRATOR,
}


def least_for(methods: Iterable[str], path: str) -> Least:
    """What a caller of a route must be. Raises `LookupError` for one that the table does not have."""
    wanted = {f"{method} {path}" for method in methods}
    if missing := wanted - ROUTES.keys():
        raise LookupError(f"{', '.join(sorted(missing))} is in no line of the table of permissions")
    return max(ROUTES[route] for route in wanted)


def standing(user: User) -> Least:
    """What a user is."""
    return Least.SIGNED_IN if user.must_change_password else _ROLES[user.role]


def may(user: User, route: str) -> bool:
    """Whether a user may call a route, such as `GET /devices`."""
    return standing(user) >= ROUTES[route]
