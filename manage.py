#!/usr/bin/env python
"""Django's command line, with the embedded services at hand when no others are configured."""

import os
import sys

from django.core.management import execute_from_command_line

from config.services import ensure_services

# These read code, not data: they must work where no service can start.
WITHOUT_SERVICES = {"check", "collectstatic", "help", "makemigrations", "version", "--help", "--version"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    if len(sys.argv) > 1 and sys.argv[1] not in WITHOUT_SERVICES:
        ensure_services()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
