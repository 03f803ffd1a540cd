"""The one registry of export formats. To add one: a class with the `Exporter` protocol, and a line here."""

from __future__ import annotations

from curation.exporters.base import Exporter
from curation.exporters.trl import TrlJsonl, TrlParquet

EXPORTERS: dict[str, Exporter] = {exporter.name: exporter for exporter in (TrlJsonl(), TrlParquet())}

__all__ = ["EXPORTERS", "Exporter"]
