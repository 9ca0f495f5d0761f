"""The settings under the path that others import; each section is in `anml_fl.settings`."""

from anml_fl.settings.aggregation import Aggregation
from anml_fl.settings.attackers import Attackers
from anml_fl.settings.federation import FederationSettings
from anml_fl.settings.registry import RegistrySettings
from anml_fl.settings.run import RunConfig, settings
from anml_fl.settings.section import ConfigError
from anml_fl.settings.settlement import SettlementSettings
from anml_fl.settings.training import Training

__all__ = [
    "Aggregation",
    "Attackers",
    "ConfigError",
    "FederationSettings",
    "RegistrySettings",
    "RunConfig",
    "SettlementSettings",
    "Training",
    "settings",
]
