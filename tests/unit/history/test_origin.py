"""Where a run says that it comes from: on GitHub, on GitLab and at home the same project, and nobody's name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmtrace._history.origin import Origin, origin
from pytest_llmtrace._model.checkout import Checkout

TOP = Path("/home/jane/shop-copy")
AT_HOME = Checkout(top=TOP, commit="c1", commit_time=5, branch="fix", dirty=True, remote="git@github.com:acme/shop.git")
IN_CI = Checkout(top=TOP, commit="c1", commit_time=5, dirty=False, remote="https://x:ghs_key@github.com/acme/shop")
COMMIT = {"commit": "c1", "commit_time": 5}


def test_github_says_branch_pull_request_and_run():
    """Of a pull request, the branch that is to be merged; of a tag, none."""
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_RUN_ID": "77",
        "GITHUB_REF": "refs/pull/12/merge",
        "GITHUB_REF_NAME": "12/merge",
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_HEAD_REF": "fix",
        "RUNNER_NAME": "machine-7",
    }
    made = Origin(
        project="acme/shop",
        **COMMIT,
        branch="fix",
        dirty=False,
        change_url="https://github.com/acme/shop/pull/12",
        ci_url="https://github.com/acme/shop/actions/runs/77",
    )
    assert origin(env, IN_CI, TOP) == made
    push = env | {"GITHUB_REF": "refs/heads/main", "GITHUB_REF_NAME": "main", "GITHUB_HEAD_REF": ""}
    assert (origin(push, IN_CI, TOP).branch, origin(push, IN_CI, TOP).change_url) == ("main", None)
    assert origin(push | {"GITHUB_REF_TYPE": "tag"}, IN_CI, TOP).branch is None


def test_gitlab_says_branch_merge_request_and_job():
    """And the path of the project, with its groups."""
    env = {
        "GITLAB_CI": "true",
        "CI_PROJECT_PATH": "acme/team/shop",
        "CI_JOB_URL": "https://gitlab.com/acme/team/shop/-/jobs/5",
        "CI_MERGE_REQUEST_PROJECT_URL": "https://gitlab.com/acme/team/shop",
        "CI_MERGE_REQUEST_IID": "3",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "fix",
    }
    assert origin(env, IN_CI, TOP / "api") == Origin(
        project="acme/team/shop/api",
        **COMMIT,
        branch="fix",
        dirty=False,
        change_url="https://gitlab.com/acme/team/shop/-/merge_requests/3",
        ci_url="https://gitlab.com/acme/team/shop/-/jobs/5",
    )


def test_at_home_git_says_it():
    """The branch that is checked out, and whether files were changed since."""
    assert origin({}, AT_HOME, TOP) == Origin(project="acme/shop", **COMMIT, branch="fix", dirty=True)
    assert origin({}, None, Path("/somewhere/demo")) == Origin(project="demo")


@pytest.mark.parametrize("seconds", [-62_135_596_801, 253_402_300_800, 999_999_999_999])
def test_a_commit_of_no_year_that_there_is_has_no_time(seconds):
    """Git takes any number for a date; a run of such a commit comes by its own time, and is kept."""
    assert origin({}, replace(AT_HOME, commit_time=seconds), TOP).commit_time is None


@pytest.mark.parametrize(
    ("remote", "project"),
    [
        ("https://user:s3cret@host.example/acme/shop.git", "acme/shop"),
        ("ssh://git@host:22/acme/shop", "acme/shop"),
        ("host:acme/shop.git", "acme/shop"),
        ("/srv/git/shop.git", "shop"),
        ("file:///srv/git/shop.git", "shop"),
        ("C:\\git\\shop", "shop"),
        (None, "shop-copy"),
    ],
)
def test_a_project_is_called_like_its_repository(remote, project):
    """Never with a host, a user, a password or a folder of somebody."""
    assert origin({}, Checkout(top=TOP, remote=remote), TOP).project == project
