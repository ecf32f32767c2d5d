import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import joinedload, selectinload
from tests.models.shop import CHECK, FOREIGN_KEY, UNIQUE, Shop, name, open_shop, refused

from tenantry.models.crm import (
    ContactType,
    Customer,
    Lead,
    LeadStatus,
    PersonalContact,
    PersonalKey,
    PersonalProfile,
    Potential,
    ReengagedBatch,
    ReengagedPerson,
)
from tenantry.models.orders import Order

__all__ = ["open_shop"]

DEFERRED = (
    ("order_items", "product_id", "products", None),
    ("crm_leads", "order_id", "orders", "order_id"),
    ("crm_potential", "campaign_id", "mkt_campaigns", "campaign_id"),
    ("crm_potential", "converted_to_order_id", "orders", "converted_to_order_id"),
    ("crm_reengage_personal_keys", "converted_order_id", "orders", "converted_order_id"),
)


@pytest.mark.parametrize(("table", "column", "target", "set_null"), DEFERRED)
def test_references_between_domains_are_real(
    shop: Shop, table: str, column: str, target: str, set_null: str | None
) -> None:
    wanted = f"FOREIGN KEY (tenant_id, {column}) REFERENCES {target}(tenant_id, id)"
    action = f" ON DELETE SET NULL ({set_null})" if set_null else ""
    with shop.superuser.connect() as connection:
        found = connection.scalars(
            text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = to_regclass(:table)"),
            {"table": table},
        )
        assert wanted + action in found.all()


def person() -> PersonalKey:
    return PersonalKey(external_key=name())


def test_what_became_of_a_person_is_reached_all_around(shop: Shop) -> None:
    with shop.at_work() as session:
        somebody = person()
        lead = Lead(person=somebody)
        customer = Customer(person=somebody, first_lead=lead)
        order = Order(customer=customer)
        potential = Potential(person=somebody, converted_to_order=order)
        reengaged = ReengagedPerson(person=somebody, batch=ReengagedBatch(batch_name="Winter"), converted_order=order)
        session.add_all([potential, reengaged])
        session.flush()
        lead.order = order
        session.flush()
        session.expunge_all()

        found = session.scalars(
            select(Order)
            .where(Order.id == order.id)
            .options(
                joinedload(Order.customer).joinedload(Customer.first_lead),
                joinedload(Order.customer).joinedload(Customer.person).selectinload(PersonalKey.leads),
                selectinload(Order.leads),
                selectinload(Order.potentials),
                selectinload(Order.reengagements).joinedload(ReengagedPerson.batch),
            )
        ).one()
        assert found.customer is not None
        assert found.customer.first_lead in found.leads
        assert found.customer.person.leads == found.leads
        assert [row.id for row in found.potentials] == [potential.id]
        assert [row.batch.batch_name for row in found.reengagements] == ["Winter"]


def test_a_lead_outlives_its_order(shop: Shop) -> None:
    with shop.at_work() as session:
        order = Order()
        lead = Lead(name="Ann", order=order, status=LeadStatus.CONVERTED)
        session.add(lead)
        session.flush()
        session.delete(order)
        session.flush()
        session.refresh(lead)
        assert (lead.order_id, lead.tenant_id) == (None, shop.seller.tenant_id)


def test_a_lead_does_not_end_in_another_tenants_order(shop: Shop) -> None:
    theirs = Order()
    shop.add(theirs, seller=shop.other)
    with shop.at_work() as session, refused(FOREIGN_KEY):
        session.add(Lead(name="Ann", order_id=theirs.id))
        session.flush()


def test_a_lead_is_somebody(shop: Shop) -> None:
    with shop.at_work() as session:
        session.add_all([Lead(name="Ann"), Lead(person=person())])
        session.flush()
        session.add(Lead(email="ann@example.com"))
        with refused(CHECK):
            session.flush()


def test_a_person_is_one_customer(shop: Shop) -> None:
    with shop.at_work() as session:
        somebody = person()
        session.add(Customer(person=somebody))
        session.flush()
        session.add(Customer(personal_key_id=somebody.id))
        with refused(UNIQUE):
            session.flush()


def test_the_same_key_names_another_person_in_another_tenant(shop: Shop) -> None:
    key = name()
    shop.add(PersonalKey(external_key=key))
    shop.add(PersonalKey(external_key=key), seller=shop.other)
    with refused(UNIQUE):
        shop.add(PersonalKey(external_key=key))


def test_one_primary_contact_of_a_type(shop: Shop) -> None:
    with shop.at_work() as session:
        somebody = person()
        session.add_all(
            PersonalContact(person=somebody, contact_type=kind, contact_value="?", is_primary=True)
            for kind in (ContactType.EMAIL, ContactType.PHONE)
        )
        session.flush()
        session.add(
            PersonalContact(person=somebody, contact_type=ContactType.EMAIL, contact_value="!", is_primary=True)
        )
        with refused(UNIQUE):
            session.flush()


def test_a_person_without_business_is_forgotten_whole(shop: Shop) -> None:
    with shop.at_work() as session:
        somebody = person()
        profile = PersonalProfile(person=somebody, custom_attributes={"ring_size": 7})
        session.add(profile)
        session.flush()
        session.delete(somebody)
        session.flush()
        session.expunge_all()
        assert session.get(PersonalProfile, (profile.tenant_id, profile.id)) is None


def test_a_person_with_business_stays(shop: Shop) -> None:
    with shop.at_work() as session:
        somebody = person()
        session.add(Customer(person=somebody))
        session.flush()
        session.delete(somebody)
        with refused(FOREIGN_KEY):
            session.flush()
