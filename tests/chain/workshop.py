"""A CA of the system's OpenSSL in a folder, as people keep one by hand: files of keys, requests and extensions."""

import subprocess
from pathlib import Path

NAME = "om.example.net"
EXTENSIONS = {
    "root": {
        "basicConstraints": "critical, CA:TRUE",
        "keyUsage": "critical, keyCertSign, cRLSign",
        "subjectKeyIdentifier": "hash",
    },
    "ca": {
        "basicConstraints": "critical, CA:TRUE",
        "keyUsage": "critical, keyCertSign, cRLSign",
        "subjectKeyIdentifier": "hash",
        "authorityKeyIdentifier": "keyid:always",
    },
    "leaf": {
        "basicConstraints": "critical, CA:FALSE",
        "keyUsage": "critical, digitalSignature, keyEncipherment",
        "extendedKeyUsage": "serverAuth, clientAuth",
        "subjectAltName": f"DNS:{NAME}",
        "subjectKeyIdentifier": "hash",
        "authorityKeyIdentifier": "keyid:always",
    },
}
_CA_CNF = """\
[ca]
default_ca = this
[this]
database = index.txt
rand_serial = yes
unique_subject = no
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_crl_days = 30
crlnumber = crlnumber
crl_extensions = crl
default_days = 30
policy = any
new_certs_dir = .
[any]
commonName = supplied
[crl]
authorityKeyIdentifier = keyid:always
"""


class Workshop:
    """Root, CA and console: `*.key`, `*.csr`, `*.ext`, `*.pem` in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._extensions = {name: dict(lines) for name, lines in EXTENSIONS.items()}
        for name, subject in (("root", "Root-CA"), ("ca", "Inter-CA1"), ("console", NAME)):
            self.run(f"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.key")
            self.run(f"openssl req -new -key {name}.key -subj /CN={subject} -out {name}.csr")
        (folder / "ca.cnf").write_text(_CA_CNF)
        (folder / "index.txt").touch()
        (folder / "crlnumber").write_text("01\n")
        self.sign_all()

    def run(self, commands: str) -> None:
        """Commands of a shell, in the folder; yes to what they ask, and whichever fails first fails the test."""
        result = subprocess.run(
            ["sh", "-euc", commands], cwd=self.folder, input="y\ny\n", capture_output=True, text=True, timeout=60
        )  # fmt: skip
        assert result.returncode == 0, result.stderr

    def extend(self, name: str, **extensions: str | None) -> None:
        """Write lines into an extensions file (None: take one out), and sign everything anew."""
        self._extensions[name] |= {key: value for key, value in extensions.items() if value is not None}
        for key in [key for key, value in extensions.items() if value is None]:
            self._extensions[name].pop(key, None)
        self.sign_all()

    def sign_all(self) -> None:
        """The three certificates, by the extension files as they are now."""
        for name, lines in self._extensions.items():
            (self.folder / f"{name}.ext").write_text("".join(f"{key} = {value}\n" for key, value in lines.items()))
        self.run("openssl x509 -req -in root.csr -signkey root.key -days 3650 -extfile root.ext -out root.pem")
        self.run(
            "openssl x509 -req -in ca.csr -CA root.pem -CAkey root.key -days 1825 -extfile ca.ext -out ca.pem\n"
            "rm -f *.srl"
        )
        self.sign()

    def sign(self, *options: str) -> None:
        """The console's certificate, with further options."""
        self.run(
            f"openssl x509 -req -in console.csr -CA ca.pem -CAkey ca.key -extfile leaf.ext {' '.join(options)} "
            "-out console.pem"
        )

    def read(self, *names: str) -> bytes:
        """The files one after the other."""
        return b"".join((self.folder / name).read_bytes() for name in names)

    @property
    def chain(self) -> bytes:
        """What the console's administrator uploads."""
        return self.read("console.pem", "ca.pem", "root.pem")

    def follow(self, fix: str, name: str) -> None:
        """Do what a fix says: type its commands, or write its lines into the extensions file of that name."""
        _sentence, *typed = fix.split("\n")
        if typed[0].startswith(("openssl ", "cat ")):
            self.run("\n".join(typed))
        else:
            self.extend(name, **dict(line.split(" = ", 1) for line in typed))
