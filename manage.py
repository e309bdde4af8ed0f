#!/usr/bin/env python
"""Entry point of every command: `python manage.py help`."""

import os
import sys

# Commands that work without a database; every other one gets the embedded PostgreSQL unless DATABASE_URL names another.
NO_DATABASE = {"help", "version", "--help", "--version", "collectstatic", "db", "new_secrets_key", "spectacular"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration_hub.settings")
    command = (sys.argv[1:2] or ["help"])[0]
    if command == "rehearse":
        from integration_hub.operations.rehearsal import premises

        premises.move_in()
    if not os.environ.get("DATABASE_URL") and command not in NO_DATABASE:
        from integration_hub.environment import read

        env = read()
        if not env.database_url:
            from integration_hub.kernel import embedded

            os.environ["DATABASE_URL"] = embedded.ensure(env.var_dir)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
