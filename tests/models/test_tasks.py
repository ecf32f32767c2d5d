"""Tasks: trees that never bite their tails, turns that come once, and a history that stays."""

import uuid
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, selectinload
from tests.models.office import hired
from tests.models.shop import CHECK, CONNECTIONS, FORBIDDEN, FOREIGN_KEY, UNIQUE, Shop, name, open_shop, refused

from tenantry.models.tasks import (
    DependencyType,
    Frequency,
    Milestone,
    Project,
    RecurringTask,
    Task,
    TaskActivity,
    TaskComment,
    TaskCommentMention,
    TaskDependency,
    TaskWatcher,
)

__all__ = ["open_shop"]

pytestmark = pytest.mark.xdist_group("shop")


def new_task(shop: Shop, **columns: Any) -> Task:
    task = Task(task_number=name(), title="Something", **columns)
    shop.add(task)
    return task


def test_a_task_is_no_part_of_itself_nor_of_its_parts(shop: Shop) -> None:
    task = new_task(shop)
    part = new_task(shop, parent_task_id=new_task(shop, parent_task_id=task.id).id)
    for under in (task, part):
        with shop.at_work() as session, refused(CHECK):
            session.execute(update(Task).where(Task.id == task.id).values(parent_task_id=under.id))


def test_a_task_does_not_wait_for_itself(shop: Shop) -> None:
    task = new_task(shop)
    with refused(CHECK):
        shop.add(TaskDependency(task_id=task.id, depends_on_task_id=task.id))


def test_a_comment_is_no_reply_to_itself(shop: Shop) -> None:
    comment = TaskComment(task_id=new_task(shop).id, content="Hm")
    shop.add(comment)
    with shop.at_work() as session, refused(CHECK):
        session.execute(update(TaskComment).where(TaskComment.id == comment.id).values(parent_comment_id=comment.id))


def test_tasks_depend_on_one_another_once_in_each_way(shop: Shop) -> None:
    task, other = new_task(shop), new_task(shop)
    shop.add(TaskDependency(task_id=task.id, depends_on_task_id=other.id))
    shop.add(TaskDependency(task_id=task.id, depends_on_task_id=other.id, dependency_type=DependencyType.RELATES_TO))
    with refused(UNIQUE):
        shop.add(TaskDependency(task_id=task.id, depends_on_task_id=other.id))
    with shop.at_work() as session:
        found = session.scalars(select(Task).where(Task.id == task.id).options(selectinload(Task.waits_for))).one()
        assert {dependency.depends_on_task_id for dependency in found.waits_for} == {other.id}


def test_a_member_watches_a_task_once(shop: Shop) -> None:
    task = new_task(shop)
    outcomes = shop.at_once(lambda session, _: session.add(TaskWatcher(task_id=task.id)))
    assert sorted(outcomes, key=str) == [UNIQUE] * (CONNECTIONS - 1) + [None]


def test_a_comment_mentions_a_member_once(shop: Shop) -> None:
    comment = TaskComment(task_id=new_task(shop).id, content="Look")
    shop.add(comment)
    shop.add(TaskCommentMention(comment_id=comment.id, mentioned_staff_id=shop.seller.viewer))
    with refused(UNIQUE):
        shop.add(TaskCommentMention(comment_id=comment.id, mentioned_staff_id=shop.seller.viewer))
    with refused(FOREIGN_KEY):
        shop.add(TaskCommentMention(comment_id=comment.id, mentioned_staff_id=shop.other.member))


def test_a_turn_of_a_recurring_task_is_created_once(shop: Shop) -> None:
    recurring = RecurringTask(name="Stocktaking", title_template="Count", frequency=Frequency.MONTHLY)
    shop.add(recurring)

    def create(session: Session, _: int) -> None:
        session.add(Task(task_number=name(), title="Count", recurring_task_id=recurring.id, repeat_key="2026-03"))

    assert sorted(shop.at_once(create), key=str) == [UNIQUE] * (CONNECTIONS - 1) + [None]


def test_whoever_writes_is_the_author(shop: Shop) -> None:
    task = new_task(shop)
    comment, activity, project = (
        TaskComment(task_id=task.id, content="Mine"),
        TaskActivity(task_id=task.id, action_type="viewed"),
        Project(name="Mine"),
    )
    worker = hired(shop, "member")
    worker.add(comment, activity, project)
    assert {comment.author_id, activity.staff_id, project.owner_id} == {worker.seller.member}


def test_a_tree_of_tasks_is_walked_both_ways_and_falls_as_one(shop: Shop) -> None:
    root = Task(task_number=name(), title="Root")
    root.subtasks = [Task(task_number=name(), title="Branch") for _ in range(2)]
    root.subtasks[0].subtasks = [Task(task_number=name(), title="Leaf")]
    with shop.at_work() as session:
        session.add(root)
        session.commit()
        identity = root.id
        session.expunge_all()
        found = session.scalars(
            select(Task).where(Task.id == identity).options(selectinload(Task.subtasks, recursion_depth=2))
        ).one()
        leaves = [leaf for branch in found.subtasks for leaf in branch.subtasks]
        assert [leaf.title for leaf in leaves] == ["Leaf"]
        leaf = session.scalars(
            select(Task)
            .where(Task.id == leaves[0].id)
            .options(selectinload(Task.parent_task).selectinload(Task.parent_task))
        ).one()
        assert leaf.parent_task is not None
        assert leaf.parent_task.parent_task is found
        session.execute(delete(Task).where(Task.id == identity))
        assert session.scalars(select(Task.id).where(Task.id == leaf.id)).all() == []


def test_a_task_outlives_its_milestone_and_a_project_its_tasks(shop: Shop) -> None:
    project = Project(name="House")
    shop.add(project)
    milestone = Milestone(project_id=project.id, title="Roof")
    shop.add(milestone)
    task = new_task(shop, project_id=project.id, milestone_id=milestone.id)
    with shop.at_work() as session:
        session.execute(delete(Milestone).where(Milestone.id == milestone.id))
        found = session.scalars(select(Task).where(Task.id == task.id)).one()
        assert found.milestone_id is None
        assert found.project_id == project.id
        with refused(FOREIGN_KEY):
            session.execute(delete(Project).where(Project.id == project.id))


@pytest.mark.parametrize("change", [update(TaskActivity).values(new_value="another"), delete(TaskActivity)])
def test_what_happened_stays(shop: Shop, change: Any) -> None:
    activity = TaskActivity(task_id=new_task(shop).id, action_type="moved")
    shop.add(activity)
    with hired(shop).at_work() as session, refused(FORBIDDEN):
        session.execute(change)
    with Session(shop.superuser) as session, refused(FORBIDDEN):
        session.execute(change)
    with shop.at_work() as session, refused(FOREIGN_KEY):
        session.execute(delete(Task).where(Task.id == activity.task_id))


def test_numbers_are_unique_within_a_tenant_only(shop: Shop) -> None:
    task = new_task(shop)
    with refused(UNIQUE):
        shop.add(Task(task_number=task.task_number, title="Again"))
    shop.add(Task(task_number=task.task_number, title="Theirs"), seller=shop.other)


def test_a_project_needs_no_code(shop: Shop) -> None:
    shop.add(Project(name="One"), Project(name="Another"))
    code = name()
    shop.add(Project(name="One", code=code))
    with refused(UNIQUE):
        shop.add(Project(name="Another", code=code))


def test_a_viewer_adds_no_task(shop: Shop) -> None:
    with shop.at_work(user_id=shop.seller.viewer) as session:
        session.add(Task(task_number=uuid.uuid4().hex, title="Nothing"))
        with refused(FORBIDDEN):
            session.flush()
