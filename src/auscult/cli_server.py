"""Commands that need ``auscult[server]``, and what they say in the base install."""

from __future__ import annotations

from importlib.util import find_spec
from typing import IO, Any

import click

#: Packages of the server that stand for all of it. More than Django, which may be there for another project.
_SERVER_PACKAGES = ("django", "allauth", "granian", "procrastinate", "psycopg")


class NeedsServer(click.ClickException):
    """A command of the server was called in the base install."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__("This command needs the server: pip install 'auscult[server]'.")

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence alone."""
        click.echo(self.message, file=file, err=file is None)


class ServerCommand(click.Command):
    """A command that only ``auscult[server]`` can run; its help works without."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse before arguments are checked, so that nobody corrects them for nothing.

        Raises:
            NeedsServer: a package of the server is not installed, and the arguments do not ask for help.
        """
        wants_help = self.get_help_option(ctx) is not None and set(args) & set(ctx.help_option_names)
        if not wants_help and any(find_spec(name) is None for name in _SERVER_PACKAGES):
            raise NeedsServer
        return super().parse_args(ctx, args)


class ServerGroup(ServerCommand, click.Group):
    """A group of server commands; so are those within, unless they name another class."""

    command_class = ServerCommand


class MainGroup(click.Group):
    """The commands. One that names no class of its own needs the server."""

    command_class = ServerCommand
    group_class = ServerGroup
