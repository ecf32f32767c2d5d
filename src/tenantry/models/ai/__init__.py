"""AI: models and who provides them, engines built from them, and voice agents with their runs."""

from tenantry.models.ai.agents import Agent, AgentRun, AgentType, RunStatus, RunType
from tenantry.models.ai.engines import (
    AiEngine,
    AssignmentType,
    EngineAccess,
    EngineAssignment,
    EngineExecution,
    EngineStatus,
    ExecutionMode,
    LevelEngine,
    UserEngine,
)
from tenantry.models.ai.providers import AiExecution, AiModel, AiProvider, ProviderType, TenantAiProvider

__all__ = [
    "Agent",
    "AgentRun",
    "AgentType",
    "AiEngine",
    "AiExecution",
    "AiModel",
    "AiProvider",
    "AssignmentType",
    "EngineAccess",
    "EngineAssignment",
    "EngineExecution",
    "EngineStatus",
    "ExecutionMode",
    "LevelEngine",
    "ProviderType",
    "RunStatus",
    "RunType",
    "TenantAiProvider",
    "UserEngine",
]
