"""The register of tills, and keys for them."""

from typing import Any

import pytest


@pytest.fixture(scope="session")
def till_registry(deployment: Any, earning_partner: Any, redeeming_partner: Any) -> Any:
    return deployment.till_registry


@pytest.fixture(scope="session")
def till_key(accounts: Any) -> Any:
    return accounts[7]


@pytest.fixture(scope="session")
def other_till_key(accounts: Any) -> Any:
    return accounts[8]
