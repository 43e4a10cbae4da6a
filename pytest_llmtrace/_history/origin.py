"""Where a run comes from: the project, and the commit, as GitHub, GitLab and git have it. No machine, no person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pytest_llmtrace._model.checkout import Checkout


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a run comes from; `None`: nobody says."""

    project: str
    commit: str | None = None
    commit_time: int | None = None
    branch: str | None = None
    dirty: bool | None = None
    change_url: str | None = None
    """The pull request or merge request."""
    ci_url: str | None = None
    """The run of CI."""


def origin(env: Mapping[str, str], checkout: Checkout | None, root: Path) -> Origin:
    """Put together what is known.

    Args:
        env: the environment.
        checkout: what git says; `None`: nothing.
        root: pytest's root directory.
    """
    said = _github(env) if env.get("GITHUB_ACTIONS") == "true" else _gitlab(env) if env.get("GITLAB_CI") else {}
    return Origin(
        project=_project(said.get("project"), checkout, root),
        commit=checkout.commit if checkout else None,
        commit_time=_within_calendars(checkout.commit_time) if checkout else None,
        branch=said.get("branch") or (checkout.branch if checkout else None),
        dirty=checkout.dirty if checkout else None,
        change_url=said.get("change_url") or None,
        ci_url=said.get("ci_url") or None,
    )


def _within_calendars(commit_time: int | None) -> int | None:
    """The time of a commit, for which git takes any number; `None`: no calendar has it."""
    return commit_time if commit_time is not None and 0 <= commit_time < _YEAR_10000 else None


def _github(env: Mapping[str, str]) -> dict[str, str]:
    """https://docs.github.com/actions/reference/variables-reference."""
    server, repository = env.get("GITHUB_SERVER_URL", ""), env.get("GITHUB_REPOSITORY", "")
    base = f"{server}/{repository}" if server and repository else ""
    change = re.fullmatch(r"refs/pull/(\d+)/\w+", env.get("GITHUB_REF", ""))
    is_branch = env.get("GITHUB_REF_TYPE") == "branch" and change is None
    return {
        "project": repository,
        "branch": env.get("GITHUB_HEAD_REF", "") or (env.get("GITHUB_REF_NAME", "") if is_branch else ""),
        "change_url": f"{base}/pull/{change[1]}" if base and change else "",
        "ci_url": f"{base}/actions/runs/{env['GITHUB_RUN_ID']}" if base and env.get("GITHUB_RUN_ID") else "",
    }


def _gitlab(env: Mapping[str, str]) -> dict[str, str]:
    """https://docs.gitlab.com/ci/variables/predefined_variables/."""
    url, number = env.get("CI_MERGE_REQUEST_PROJECT_URL", ""), env.get("CI_MERGE_REQUEST_IID", "")
    return {
        "project": env.get("CI_PROJECT_PATH", ""),
        "branch": env.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "") or env.get("CI_COMMIT_BRANCH", ""),
        "change_url": f"{url}/-/merge_requests/{number}" if url and number else "",
        "ci_url": env.get("CI_JOB_URL", "") or env.get("CI_PIPELINE_URL", ""),
    }


def _project(said: str | None, checkout: Checkout | None, root: Path) -> str:
    """The same name on every machine: ``owner/name``, and the folder in it where the root directory is one."""
    if checkout is None:
        return said or root.resolve().name or "project"
    name = said or _of_remote(checkout.remote or "") or checkout.top.name
    try:
        below = root.resolve().relative_to(checkout.top.resolve()).as_posix()
    except ValueError:
        below = "."
    return name if below == "." else f"{name}/{below}"


def _of_remote(remote: str) -> str:
    """``owner/name`` of ``https://user:key@host/owner/name.git``, ``git@host:owner/name.git`` and the like."""
    url = _URL.fullmatch(remote) or _SCP.fullmatch(remote)
    path = url["path"] if url else remote.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return path.strip("/").removesuffix(".git")


_YEAR_10000: Final = 253_402_300_800
_URL: Final = re.compile(r"[a-z+]+://(?!/)[^/]+/(?P<path>[^?#]+).*", re.IGNORECASE)
_SCP: Final = re.compile(r"(?:[^@/]+@)?[^:/@]{2,}:(?!//)(?P<path>[^?#]+)")
