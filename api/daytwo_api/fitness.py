"""What is fine on one's own machine and not where others sign in: for the API, besides what is for every process."""

from collections.abc import Mapping

from daytwo_api.settings import ApiSettings
from daytwo_workflows import fitness
from daytwo_workflows.secret_files import SettingsRejected


def must_be_fit(settings: ApiSettings, environment: Mapping[str, str]) -> None:
    """Raises `SettingsRejected`."""
    fitness.must_be_fit(settings, environment)
    if settings.oidc is not None and fitness.is_placeholder(settings.oidc.secret().get_secret_value()):
        raise SettingsRejected(
            "The secret in oidc.client_secret_file is a placeholder. Nothing was started. Write the one there that the "
            "identity provider gave you."
        )
