"""Staff: shifts never overlap, scores stay within their maxima, and who sees what is written about him."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session
from tests.models.office import hired
from tests.models.shop import CHECK, CONNECTIONS, FORBIDDEN, UNIQUE, Shop, name, open_shop, refused

from tenantry.models.staff import (
    Department,
    PerformanceCriterion,
    PerformanceEvaluation,
    PerformanceScore,
    Schedule,
    ScheduleStatus,
    ShiftReport,
)

__all__ = ["open_shop"]

pytestmark = pytest.mark.xdist_group("shop")

OVERLAP = "23P01"
EIGHT = datetime(2026, 3, 2, 8, tzinfo=UTC)
COUNTING = [ScheduleStatus.CONFIRMED, ScheduleStatus.COMPLETED]


def shift(
    staff_id: uuid.UUID, *, after: int = 0, hours: int = 8, status: ScheduleStatus = ScheduleStatus.CONFIRMED
) -> Schedule:
    start = EIGHT + timedelta(hours=after)
    return Schedule(staff_id=staff_id, start_time=start, end_time=start + timedelta(hours=hours), status=status)


@pytest.mark.parametrize("first", COUNTING)
@pytest.mark.parametrize("second", COUNTING)
@pytest.mark.parametrize(("after", "hours"), [(0, 8), (7, 8), (2, 1), (-4, 5)])
def test_confirmed_and_completed_shifts_of_a_person_do_not_overlap(
    shop: Shop, first: ScheduleStatus, second: ScheduleStatus, after: int, hours: int
) -> None:
    with shop.at_work() as session:
        session.add(shift(shop.seller.member, status=first))
        session.flush()
        session.add(shift(shop.seller.member, after=after, hours=hours, status=second))
        with refused(OVERLAP):
            session.flush()


def test_shifts_that_do_not_count_or_only_touch_are_welcome(shop: Shop) -> None:
    with shop.at_work() as session:
        session.add(shift(shop.seller.member))
        session.add(shift(shop.seller.member, after=8))
        session.add(shift(shop.seller.member, status=ScheduleStatus.DRAFT))
        session.add(shift(shop.seller.member, status=ScheduleStatus.FAILED))
        session.add(shift(shop.seller.viewer))
        session.flush()


def test_a_draft_is_not_confirmed_over_another_shift(shop: Shop) -> None:
    with shop.at_work() as session:
        draft = shift(shop.seller.member, after=4, status=ScheduleStatus.DRAFT)
        session.add_all([shift(shop.seller.member), draft])
        session.flush()
        draft.status = ScheduleStatus.CONFIRMED
        with refused(OVERLAP):
            session.flush()


def test_of_overlapping_shifts_at_the_same_instant_one_is_confirmed(shop: Shop) -> None:
    busy = hired(shop)
    outcomes = busy.at_once(lambda session, number: session.add(shift(busy.seller.member, after=number % 8)))
    assert sorted(outcomes, key=str) == [OVERLAP] * (CONNECTIONS - 1) + [None]


def test_a_shift_ends_after_it_begins(shop: Shop) -> None:
    with shop.at_work() as session:
        session.add(shift(shop.seller.member, hours=0))
        with refused(CHECK):
            session.flush()


def test_a_report_is_about_all_shifts_that_refer_to_it(shop: Shop) -> None:
    worker = hired(shop)
    report = ShiftReport(shift_name="Early", start_time=EIGHT, end_time=EIGHT + timedelta(hours=8))
    worker.add(report)
    assert report.reported_by == worker.seller.member
    worker.add(
        Schedule(staff_id=worker.seller.member, start_time=EIGHT, end_time=report.end_time, shift_report_id=report.id)
    )
    with worker.at_work() as session:
        found = session.scalars(select(ShiftReport).where(ShiftReport.shifts.any(), ShiftReport.id == report.id))
        assert found.one().shift_name == "Early"
        session.execute(text("DELETE FROM shift_reports"))
        assert (
            session.scalars(select(Schedule.shift_report_id).where(Schedule.shift_report_id.is_not(None))).all() == []
        )


@pytest.fixture
def office(shop: Shop) -> Shop:
    """Evaluations are written by owners and admins."""
    return hired(shop, "admin")


def evaluated(office: Shop, max_score: int = 100) -> tuple[PerformanceEvaluation, PerformanceCriterion]:
    person = hired(office, "member").seller.member
    evaluation = PerformanceEvaluation(user_id=person, period_start=date(2026, 1, 1), period_end=date(2026, 3, 31))
    criterion = PerformanceCriterion(name=name(), max_score=max_score)
    office.add(evaluation, criterion)
    return evaluation, criterion


def score(evaluation: PerformanceEvaluation, criterion: PerformanceCriterion, points: int) -> PerformanceScore:
    return PerformanceScore(evaluation_id=evaluation.id, criteria_id=criterion.id, score=points)


def test_a_score_reaches_its_maximum_and_not_more(office: Shop) -> None:
    evaluation, criterion = evaluated(office, max_score=10)
    office.add(score(evaluation, criterion, 10))
    with office.at_work() as session, refused(CHECK):
        session.execute(update(PerformanceScore).values(score=11))
    other, another = evaluated(office, max_score=10)
    with office.at_work() as session, refused(CHECK):
        session.add(score(other, another, 11))
        session.flush()


def test_a_score_does_not_move_to_a_criterion_of_a_lower_maximum(office: Shop) -> None:
    evaluation, criterion = evaluated(office, max_score=10)
    _, stricter = evaluated(office, max_score=5)
    given = score(evaluation, criterion, 8)
    office.add(given)
    with office.at_work() as session, refused(CHECK):
        session.execute(update(PerformanceScore).where(PerformanceScore.id == given.id).values(criteria_id=stricter.id))


def test_a_maximum_is_not_lowered_below_a_score_given(office: Shop) -> None:
    evaluation, criterion = evaluated(office, max_score=10)
    office.add(score(evaluation, criterion, 8))
    lower = update(PerformanceCriterion).where(PerformanceCriterion.id == criterion.id)
    with office.at_work() as session:
        session.execute(lower.values(max_score=8))
        with refused(CHECK):
            session.execute(lower.values(max_score=7))


def test_a_maximum_is_not_lowered_on_an_older_snapshot(office: Shop) -> None:
    _, criterion = evaluated(office)
    with office.at_work() as session, refused("0A000"):
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        session.execute(update(PerformanceCriterion).where(PerformanceCriterion.id == criterion.id).values(max_score=1))


def test_no_score_slips_in_while_its_maximum_is_lowered(office: Shop) -> None:
    evaluations = [evaluated(office)[0] for _ in range(CONNECTIONS)]
    _, criterion = evaluated(office, max_score=10)

    def work(session: Session, number: int) -> None:
        if number % 2:
            session.add(score(evaluations[number], criterion, 10))
        else:
            lower = update(PerformanceCriterion).where(PerformanceCriterion.id == criterion.id)
            session.execute(lower.values(max_score=10 - number // 2))

    outcomes = office.at_once(work)
    with office.at_work() as session:
        maximum = session.scalars(select(PerformanceCriterion.max_score).where(PerformanceCriterion.id == criterion.id))
        given = session.scalars(select(PerformanceScore.score).where(PerformanceScore.criteria_id == criterion.id))
        limit, points = maximum.one(), given.all()
    assert all(each <= limit for each in points)
    assert set(outcomes) <= {None, CHECK}
    assert len(points) == sum(outcome is None for outcome in outcomes[1::2])


def test_a_person_reads_his_evaluation_and_does_not_write_it(office: Shop) -> None:
    evaluation, criterion = evaluated(office)
    office.add(score(evaluation, criterion, 50))
    query = select(PerformanceEvaluation.id).where(PerformanceEvaluation.id == evaluation.id)
    with office.at_work(user_id=evaluation.user_id) as session:
        assert session.scalars(query).all() == [evaluation.id]
        assert session.scalars(select(PerformanceScore)).all() == []
        assert session.execute(text("UPDATE performance_evaluations SET overall_score = 100")).rowcount == 0  # type: ignore[attr-defined]
        session.add(PerformanceEvaluation(period_start=date(2025, 1, 1), period_end=date(2025, 3, 31)))
        with refused(FORBIDDEN):
            session.flush()
    with hired(office, "member").at_work() as session:
        assert session.scalars(query).all() == []


def test_an_approval_says_whose_it_is(office: Shop) -> None:
    evaluation, _ = evaluated(office)
    approve = update(PerformanceEvaluation).where(PerformanceEvaluation.id == evaluation.id)
    with office.at_work() as session:
        session.execute(approve.values(status="approved", approved_by=office.seller.member))
        with refused(CHECK):
            session.execute(approve.values(approved_by=None))


def test_a_criterion_of_every_department_has_a_name_of_its_own(office: Shop) -> None:
    department = Department(code=name(), name="Sales")
    office.add(department)
    with office.at_work() as session:
        session.add_all(
            [PerformanceCriterion(name="Punctual", department_id=department.id), PerformanceCriterion(name="Punctual")]
        )
        session.flush()
        session.add(PerformanceCriterion(name="Punctual"))
        with refused(UNIQUE):
            session.flush()
