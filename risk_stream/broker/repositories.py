"""Where jars come from: the resolver's own default, or what the user has configured. No host name stands here."""

import os

from jgo.config import GlobalSettings
from jgo.maven import MavenContext

REPOSITORY_VARIABLE = "RISK_STREAM_JAR_REPOSITORY"


def remote_repositories() -> dict[str, str]:
    """Name to URL, as tried: the variable's alone if it is set, else those of jgo's settings, then its default."""
    url = os.environ.get(REPOSITORY_VARIABLE)
    if url:
        return {"configured": url.rstrip("/")}
    default: dict[str, str] = MavenContext().remote_repos
    return {**GlobalSettings.load().repositories, **default}
