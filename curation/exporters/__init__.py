"""The one registry of export formats. To add one: a class with the `Exporter` protocol, and a line here."""

from __future__ import annotations

from itertools import groupby

from curation.exporters.axolotl import AxolotlDpo, AxolotlKto, AxolotlKtoSystem
from curation.exporters.axolotl_types import AXOLOTL_TYPES
from curation.exporters.base import Exporter
from curation.exporters.helpsteer import HelpSteer2, HelpSteer3
from curation.exporters.hub_folder import HubFolder
from curation.exporters.llama_factory import LlamaFactoryAlpaca, LlamaFactoryKto, LlamaFactorySharegpt
from curation.exporters.masks import MaskDpo
from curation.exporters.openrlhf import OpenRlhf
from curation.exporters.steps import StepDpo
from curation.exporters.table import Table
from curation.exporters.trl import TrlImplicit, TrlJsonl, TrlParquet, TrlUnpaired, TrlWeighted
from curation.exporters.trl_prompts import TrlCompletions, TrlPrompts
from curation.exporters.trl_steps import TrlSteps
from curation.exporters.trl_tools import TrlTools
from curation.exporters.ultrafeedback import UltraFeedback

# Formats of one trainer stand together.
_ALL: tuple[Exporter, ...] = (
    TrlJsonl(),
    TrlParquet(),
    TrlWeighted(),
    TrlTools(),
    TrlImplicit(),
    TrlUnpaired(),
    TrlPrompts(),
    TrlCompletions(),
    TrlSteps(),
    LlamaFactoryAlpaca(),
    LlamaFactorySharegpt(),
    LlamaFactoryKto(),
    AxolotlDpo(),
    AxolotlKto(),
    AxolotlKtoSystem(),
    *AXOLOTL_TYPES,
    OpenRlhf(),
    StepDpo(),
    MaskDpo(),
    HelpSteer3(),
    HelpSteer2(),
    UltraFeedback(),
    HubFolder(),
    Table(),
)
EXPORTERS: dict[str, Exporter] = {exporter.name: exporter for exporter in _ALL}


def by_trainer() -> list[tuple[str, list[Exporter]]]:
    """The formats under the trainer that reads them, in the order of the registry."""
    return [(trainer, list(formats)) for trainer, formats in groupby(_ALL, key=lambda found: found.trainer)]


__all__ = ["EXPORTERS", "Exporter", "by_trainer"]
