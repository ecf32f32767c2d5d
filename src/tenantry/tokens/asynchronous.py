"""The functions of :mod:`tenantry.tokens` for an ``AsyncSession``."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from tenantry.tokens import calls

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def _awaited(
    call: Callable[Concatenate[Session, Arguments], Result],
) -> Callable[Concatenate[AsyncSession, Arguments], Awaitable[Result]]:
    @wraps(call)
    async def awaited(session: AsyncSession, /, *args: Arguments.args, **options: Arguments.kwargs) -> Result:
        return await session.run_sync(call, *args, **options)

    return awaited


adjust = _awaited(calls.adjust)
post = _awaited(calls.post)
transfer = _awaited(calls.transfer)
reserve = _awaited(calls.reserve)
settle = _awaited(calls.settle)
release = _awaited(calls.release)
release_expired = _awaited(calls.release_expired)
spread = _awaited(calls.spread)
expire = _awaited(calls.expire)
allocate = _awaited(calls.allocate)
reset_monthly = _awaited(calls.reset_monthly)
verify = _awaited(calls.verify)
