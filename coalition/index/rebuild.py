"""Dropping the read model and reading it from the chain again: the way out of every doubt about it."""

from __future__ import annotations

from sqlalchemy import Engine, text

from coalition.chain.deployment import Deployment
from coalition.chain.rpc import Rpc
from coalition.index.database import VERSION_TABLE, migrate, writing
from coalition.index.follower import Follower
from coalition.index.tables import metadata

__all__ = ["drop", "rebuild"]


def drop(engine: Engine) -> None:
    """Drop the tables of the read model, and no others. Followers and readers must have stopped."""
    with writing(engine) as connection:
        metadata.drop_all(connection)
        connection.execute(text(f"DROP TABLE IF EXISTS {VERSION_TABLE}"))


def rebuild(engine: Engine, rpc: Rpc, deployment: Deployment) -> int:
    """Drop the read model and follow the chain from the deployment's block to its head; return that block.

    The rows are the same as before, if those were right. May be stopped and begun again anywhere.

    Raises: as `drop`, and as `Follower.poll`.
    """
    drop(engine)
    migrate(engine)
    follower = Follower(engine, rpc, deployment)
    follower.catch_up()
    return follower.status().block
