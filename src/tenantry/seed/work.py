"""People at work: shifts without overlap, scores within their maximum, reports and requests with whoever decided."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Final

from tenantry.seed import words
from tenantry.seed.company import Company
from tenantry.seed.plan import afterwards, recipe
from tenantry.seed.values import NOW, Row, phone

_SHIFT: Final = timedelta(hours=8)
_DAYS: Final = 5
_TASKS: Final = 18
_SHIFT_NAMES: Final = ("Early", "Late")
_LEAVE: Final = (("vacation", "Vacation", True), ("sick", "Sick leave", True), ("unpaid", "Unpaid leave", False))


@recipe("departments")
def _departments(company: Company) -> Iterator[Row]:
    for name in words.DEPARTMENTS:
        yield {"code": name[:3].upper(), "name": name, "created_at": company.founded}


@recipe("leave_types")
def _leave_types(company: Company) -> Iterator[Row]:
    for code, name, is_paid in _LEAVE:
        yield {"code": code, "name": name, "is_paid": is_paid, "created_at": company.founded}


@recipe("shift_reports")
def _shift_reports(company: Company) -> Iterator[Row]:
    for day in range(_DAYS):
        start = NOW.replace(hour=6) - timedelta(days=day + 1)
        end = start + _SHIFT
        yield {
            "shift_name": _SHIFT_NAMES[0],
            "start_time": start,
            "end_time": end,
            "status": "reviewed",
            "submitted_at": end,
            "reviewed_by": company.owner(),
            "reviewed_at": end + timedelta(hours=2),
            "created_at": end,
        }


@recipe("schedules")
def _schedules(company: Company) -> Iterator[Row]:
    """A shift a day each, so that nobody is at two places."""
    for member in company.rows["tenant_users"]:
        for day in range(_DAYS):
            start = NOW.replace(hour=6) - timedelta(days=day + 1)
            yield {
                "staff_id": member["user_id"],
                "start_time": start,
                "end_time": start + _SHIFT,
                "shift_name": _SHIFT_NAMES[0],
                "total_minutes": _SHIFT.seconds // 60,
                "status": "completed",
                "leave_type_id": None,
                "created_at": start - timedelta(days=14),
            }


@recipe("schedule_revision_details")
def _revision_details(company: Company) -> Iterator[Row]:
    for revision in company.rows["schedule_revisions"]:
        shift = company.pick("schedules")
        same = ("staff_id", "start_time", "end_time", "shift_name", "total_minutes")
        yield {"revision_id": revision["id"], "schedule_id": shift["id"], **{name: shift[name] for name in same}}


@recipe("performance_criteria")
def _criteria(company: Company) -> Iterator[Row]:
    for name in ("Reliability", "Quality", "Teamwork"):
        yield {"name": name, "max_score": 10, "weight": 25, "department_id": None, "created_at": company.founded}


@recipe("performance_evaluations")
def _evaluations(company: Company) -> Iterator[Row]:
    for member in company.rows["tenant_users"]:
        at = NOW - timedelta(days=30)
        yield {
            "user_id": member["user_id"],
            "evaluator_id": company.owner(),
            "period_start": (at - timedelta(days=90)).date(),
            "period_end": at.date(),
            "status": "approved",
            "submitted_at": at,
            "approved_by": company.owner(),
            "approved_at": at + timedelta(days=1),
            "overall_score": None,
            "created_at": at,
        }


@recipe("performance_scores")
def _scores(company: Company) -> Iterator[Row]:
    for evaluation in company.rows["performance_evaluations"]:
        for criterion in company.rows["performance_criteria"]:
            yield {
                "evaluation_id": evaluation["id"],
                "criteria_id": criterion["id"],
                "score": company.rng.randint(4, 10),
                "created_at": evaluation["created_at"],
            }


@afterwards("performance_scores")
def _sum_up_scores(company: Company) -> None:
    """The criteria weigh the same; the whole is out of a hundred."""
    given: dict[str, list[int]] = {}
    for score in company.rows["performance_scores"]:
        given.setdefault(score["evaluation_id"], []).append(score["score"])
    for evaluation in company.rows["performance_evaluations"]:
        scores = given[evaluation["id"]]
        evaluation["overall_score"] = (Decimal(10 * sum(scores)) / len(scores)).quantize(Decimal("0.01"))


@recipe("schedule_time_off_requests")
def _time_off(company: Company) -> Iterator[Row]:
    for _ in range(3):
        yield {"staff_id": company.member(), "status": "pending", "confirmed_by": None, "confirmed_at": None}


@recipe("tasks")
def _tasks(company: Company) -> Iterator[Row]:
    """Of one project each, with its milestones."""
    milestones = company.rows["milestones"]
    for number in range(_TASKS):
        milestone = company.rng.choice(milestones)
        created = company.since(milestone["created_at"])
        status = company.rng.choice(("todo", "in_progress", "in_review", "done", "done", "done"))
        yield {
            "task_number": f"T-{number + 1:04}",
            "title": company.rng.choice(words.TOPICS),
            "project_id": milestone["project_id"],
            "milestone_id": milestone["id"],
            "recurring_task_id": None,
            "repeat_key": None,
            "status": status,
            "started_at": None if status == "todo" else created + timedelta(hours=4),
            "completed_at": created + timedelta(days=3) if status == "done" else None,
            "start_date": created,
            "due_date": created + timedelta(days=company.rng.randint(2, 30)),
            "created_at": created,
        }


@recipe("task_dependencies")
def _dependencies(company: Company) -> Iterator[Row]:
    """Later tasks wait for earlier ones, so that none waits for itself."""
    tasks = company.rows["tasks"]
    for number in range(0, len(tasks) - 1, 4):
        yield {"task_id": tasks[number + 1]["id"], "depends_on_task_id": tasks[number]["id"]}


@recipe("sms_sender_phone_numbers")
def _phone_numbers(company: Company) -> Iterator[Row]:
    for account in company.rows["sms_sender_accounts"]:
        yield {"account_id": account["id"], "phone_number": phone(company.rng), "is_primary": True}
