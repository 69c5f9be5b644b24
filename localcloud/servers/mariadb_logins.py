"""AWS's authentication plugin for a MariaDB server: the words of RDS, checked by our desk.

MariaDB's own PAM plugin hands a secret to a program in its plugin folder, ``auth_pam_tool``. In a
folder of ours that program is one that asks the desk; the plugin is a copy that answers to the
name which RDS gives it, so that a user is made with the statement of the AWS documentation.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Template

from localcloud.programs import program
from localcloud.records import write_atomically
from localcloud.servers.facts import Address
from localcloud.servers.plugin_names import renamed

PLUGIN = "AWSAuthenticationPlugin"
_LIBRARY = "aws_authentication"
_TOOL = "auth_pam_tool_dir/auth_pam_tool"
_PERL = Path("/usr/bin/perl")
"""A dependency of mariadb-server, and readable by its user, which our Python need not be."""
_DESCRIPTION = "PAM based authentication"

_ASK = Template(r"""#!/usr/bin/perl -T
# Written by the local cloud: asks at its desk whether a login is good.
use strict; use warnings; use Socket;
# Who started us does not wait for us: the one that works is nobody's child.
exit 0 if fork // exit 1;
alarm 15;
$$| = 1;
sub take { my ($$n, $$got) = (@_, ''); while (length $$got < $$n) {
  sysread(STDIN, $$got, $$n - length $$got, length $$got) or exit 1 } $$got }
sub text { take(unpack 'n', take(2)) }
sub ber { my ($$tag, $$value) = @_; my $$n = length $$value;
  pack('C', $$tag) . ($$n < 128 ? pack('C', $$n) : pack('Cn', 0x82, $$n)) . $$value }
take(1); my $$user = text(); text();
syswrite STDOUT, 'C' . pack('n/a*', "\4Token: ");
(my $$token = text()) =~ s/\0\z//;
my $$bind = ber(0x60, ber(2, "\3") . ber(4, "$server/$$user") . ber(0x80, $$token));
socket(my $$desk, PF_INET, SOCK_STREAM, 0) or exit 1;
connect($$desk, pack_sockaddr_in($port, inet_aton('$host'))) or exit 1;
syswrite $$desk, ber(0x30, ber(2, "\1") . $$bind);
sysread $$desk, my $$answer, 4096;
syswrite STDOUT, 'E' if ($$answer // '') =~ /\A\x30.\x02\x01\x01\x61.\x0a\x01\x00/s;
""")


def why_not() -> str | None:
    """Why this machine's MariaDB cannot have the plugin, ``None`` when it can."""
    if not _PERL.exists():
        return f"there is no {_PERL}"
    if not (_system() / "auth_pam.so").exists():
        return f"this MariaDB has no auth_pam.so in {_system()}"
    if _renamed() is None:
        return "the auth_pam.so of this MariaDB cannot be given another name"
    return None


def token_logins(folder: Path, server: str, desk: Address) -> tuple[str, ...]:
    """Flags for a server that asks ``desk``, with what they need in ``folder``; none if it cannot.

    ``server`` is what the desk knows it by.
    """
    library = _renamed()
    if why_not() is not None or library is None:
        return ()
    tool = folder / _TOOL
    tool.parent.mkdir(parents=True, exist_ok=True)
    for other in _system().glob("*.so"):
        link = folder / other.name
        if not link.is_symlink():
            link.symlink_to(other)
    write_atomically(folder / f"{_LIBRARY}.so", library)
    ask = _ASK.substitute(server=server, host=desk.host, port=desk.port)
    write_atomically(tool, ask.encode())
    # Nothing in them is a secret, and the server's user reads them.
    (folder / f"{_LIBRARY}.so").chmod(0o644)
    tool.chmod(0o755)
    return (
        f"--plugin-dir={folder}",
        f"--plugin-load-add={_LIBRARY}",
        # The client sends the token as it is, as to RDS. TLS is around it.
        f"--loose-{PLUGIN}-use-cleartext-plugin=ON",
    )


def _system() -> Path:
    return Path(program("mariadbd")).resolve().parent.parent / "lib/mysql/plugin"


@cache
def _renamed() -> bytes | None:
    return renamed((_system() / "auth_pam.so").read_bytes(), _DESCRIPTION, PLUGIN)
