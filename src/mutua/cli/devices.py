"""`mutua devices`: import and list the devices of a console."""

from pathlib import Path

import click

from mutua.cli.consoles import console_options, signed_in, trust
from mutua.cli.exits import Exit, Failure
from mutua.cli.speaking import Group, json_option, option
from mutua.language import _, translate
from mutua.message import N_, message


@click.group(
    cls=Group,
    help=N_("Import and list the devices of a console."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua devices import devices.csv devices.json --console 127.0.0.1:8443 --ca-file root.pem\n"
        "  mutua devices list --console 127.0.0.1:8443 --ca-file root.pem"
    ),
)
def command() -> None:
    pass


@command.command(
    "import",
    help=N_("Import devices from CSV, with their inventory, groups and credentials from JSON: all, or none."),
    epilog=N_(
        "Example:\n\n\b\n  mutua devices import examples/devices.csv examples/devices.json \\\n"
        "      --console 127.0.0.1:8443 --ca-file source/certificate.pem"
    ),
)
@click.argument("csv", type=click.Path(path_type=Path))
@click.argument("json", type=click.Path(path_type=Path))
@console_options
def import_(
    csv: Path, json: Path, address: str, user: str, password_file: str | None, ca_file: str | None, insecure: bool
) -> None:
    from mutua.inventory.fleetfile import read
    from mutua.inventory.records import InvalidFleet, fleet_to_json

    try:
        fleet = read(csv, json)
    except InvalidFleet as error:
        lines = "\n  ".join(translate(problem) for problem in error.problems)
        raise Failure(
            message("the devices cannot be imported:\n  {problems}", problems=lines), Exit.UNREADABLE
        ) from error
    with signed_in(address, user, password_file, trust(ca_file, insecure)) as console:
        added = console.post("/DeviceService/Actions/DeviceService.ImportDevices", fleet_to_json(fleet))
    click.echo(
        _(
            "Imported: {devices:,} devices, {groups:,} groups, {credentials:,} credentials.",
            devices=added["Devices"],
            groups=added["Groups"],
            credentials=added["Credentials"],
        )
    )


@command.command(
    "list",
    help=N_("List the devices of a console."),
    epilog=N_(
        "Examples:\n\n"
        "\b\n"
        "  mutua devices list --console 127.0.0.1:8443 --ca-file root.pem\n"
        "  mutua devices list --console 127.0.0.1:8443 --ca-file root.pem --top 500 --format json"
    ),
)
@console_options
@option("--top", type=click.IntRange(1), default=50, show_default=True, help=N_("At most so many."))
@option("--skip", type=click.IntRange(0), default=0, help=N_("Leave out so many first."))
@json_option
def list_(
    address: str,
    user: str,
    password_file: str | None,
    ca_file: str | None,
    insecure: bool,
    top: int,
    skip: int,
    form: str,
) -> None:
    with signed_in(address, user, password_file, trust(ca_file, insecure)) as console:
        page = console.get("/DeviceService/Devices", top=top, skip=skip)
    if form == "json":
        import json

        click.echo(json.dumps(page, indent=2, ensure_ascii=False))
        return
    for device in page["value"]:
        managed = _("managed") if device["ManagedState"] == 3000 else _("quiesced")
        management = device["DeviceManagement"][0]["NetworkAddress"]
        click.echo(f"{device['DeviceServiceTag']:<14} {device['DeviceName']:<24.24} {management:<24} {managed}")
    shown = _("{shown:,} of {total:,} devices.", shown=len(page["value"]), total=page["@odata.count"])
    click.echo(shown, err=True)
